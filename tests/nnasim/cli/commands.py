"""Every command's function and options, read from the table of commands."""

import inspect
import typing
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from typer.models import OptionInfo

from nnasim.cli.table import COMMANDS


class Option(NamedTuple):
    command: str
    flag: str
    kind: Any
    info: OptionInfo


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, command in COMMANDS.items():
        module = import_module(command.module)
        if not hasattr(module, "app"):
            yield name, module.command
        for registered in module.app.registered_commands if hasattr(module, "app") else ():
            yield f"{name} {registered.name or registered.callback.__name__}", registered.callback


def options() -> Iterator[Option]:
    for command, function in functions():
        hints = typing.get_type_hints(function, include_extras=True)
        for name in inspect.signature(function).parameters:
            kind, *beside = typing.get_args(hints[name]) if hasattr(hints[name], "__metadata__") else (hints[name],)
            for info in beside:
                if isinstance(info, OptionInfo):
                    yield Option(command, _flag(name, info), kind, info)


def _flag(name: str, info: OptionInfo) -> str:
    """As it is typed: typer takes the first name that is given for a default until it has seen the parameter."""
    given = (each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("--"))
    return next(given, f"--{name.replace('_', '-')}")


def number_of(kind: Any) -> type | None:
    """int or float, of ``int | None`` and ``list[int]`` too; None for what is no number."""
    if kind in (int, float):
        return kind
    return next(filter(None, map(number_of, typing.get_args(kind))), None)


NUMERIC = [option for option in options() if number_of(option.kind)]
