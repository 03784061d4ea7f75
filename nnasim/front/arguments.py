"""Checks of the public functions' arguments against their type hints, before any work: a mistake is one line that names
the argument.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress
from nnasim.records import Integer, Number, validated

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")
MOST_WORKERS = 1024
MOST_UTTERANCES = 10_000_000
MOST_BEAM = 64
LONGEST_WAIT_MS = 1e6


def only(kinds: tuple[type, ...], allowed: str) -> BeforeValidator:
    """A validator that refuses any value that is not one of ``kinds``, with the message "must be ``allowed``"."""

    def check(value: object) -> object:
        if isinstance(value, os.PathLike) and Path in kinds:
            value = Path(value)
        if not isinstance(value, kinds) or (isinstance(value, str | Path) and not _is_name(str(value))):
            raise ValueError(f"must be {allowed}")
        return value

    return BeforeValidator(check)


def _is_name(text: str) -> bool:
    """Whether a file could have this name: operating systems end a name at a NUL, allow at most 4,096 bytes, and hold
    no half of a surrogate pair but those that stand for bytes.
    """
    try:
        return bool(text.strip()) and "\0" not in text and len(os.fsencode(text)) <= 4096
    except UnicodeEncodeError:
        return False


def _listed(value: object) -> object:
    """The values of an axis as Python's own types: a list for a numpy array or a range, Python's numbers for
    numpy's.
    """
    if isinstance(value, Mapping):
        return {key: _listed(inner) for key, inner in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise ValueError("must be a list of values, or a mapping such as {'range': [low, high, count]}")
    return [item.item() if hasattr(item, "item") and not getattr(item, "shape", ()) else item for item in value]


PresetName = Annotated[str | Path, only((str, Path), "a preset's name or a .yaml file")]
FilePath = Annotated[str | Path, only((str, Path), "a path")]
ChipLike = Annotated[NnaConfig | str | Path, only((NnaConfig, str, Path), "a chip, a preset's name or a .yaml file")]
TraceLike = Annotated[OpTrace | str | Path, only((OpTrace, str, Path), "a trace, or the path of a trace file")]
Axis = Annotated[Sequence[Any] | Mapping[str, Any], BeforeValidator(_listed)]
Workers = Annotated[Integer, Field(ge=1, le=MOST_WORKERS)]
Utterances = Annotated[Integer, Field(ge=1, le=MOST_UTTERANCES)]
Beam = Annotated[Integer, Field(ge=1, le=MOST_BEAM)]
Wait = Annotated[Number, Field(ge=0, le=LONGEST_WAIT_MS)]


def checked(verb: Callable[Given, ResultT]) -> Callable[Given, ResultT]:
    """A function that checks its arguments against the type hints of ``verb``, then calls it.

    Raises ConfigError, which names the function, the argument, its value and what is allowed. An argument that the
    function does not have is Python's own TypeError.
    """
    signature = inspect.signature(verb)
    name = verb.__name__

    @cache
    def arguments() -> type[BaseModel]:
        return _arguments(verb, signature)

    @wraps(verb)
    def call(*positional: Given.args, **named: Given.kwargs) -> ResultT:
        given = dict(signature.bind(*positional, **named).arguments)
        owner = {"self": given.pop("self")} if "self" in given else {}
        record = validated(arguments(), given, name)
        return verb(**owner, **{argument: getattr(record, argument) for argument in given})  # type: ignore[call-arg]

    return call


def _arguments(verb: Callable[..., object], signature: inspect.Signature) -> type[BaseModel]:
    """A record type with a field for each argument of ``verb``."""
    hints = get_type_hints(verb, include_extras=True)
    fields: dict[str, Any] = {
        name: (Callable[..., object] if hints[name] is Progress else hints[name], parameter.default)
        for name, parameter in signature.parameters.items()
        if name != "self"
    }
    for name, (hint, default) in fields.items():
        fields[name] = (hint, ... if default is inspect.Parameter.empty else default)
    return create_model(
        verb.__name__,
        __config__=ConfigDict(arbitrary_types_allowed=True, extra="forbid", allow_inf_nan=False, frozen=True),
        **fields,
    )
