"""Every field of a chip, and another legal value for it: what laws over all fields go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.hardware.costs import TABLES
from nnasim.hardware.kinds import FAMILIES
from nnasim.numerics.activation_units.registry import OURS
from nnasim.records import section_model

NAMES = {"numerics.activation": list(OURS), "mac_array.kind": FAMILIES.names}  # where a package may add choices
OF_PLUGINS = {"dram.model", "dram.parameters", "mac_array.parameters"}
"""Fields that have another value only where a plug-in is installed: tests of the plug-ins."""


def fields(model: type[BaseModel] = NnaConfig, path: str = "") -> Iterator[str]:
    """The dotted path of every field that holds a value, ``OF_PLUGINS`` left out."""
    for name in model.model_fields:
        inner = section_model(model, name)
        if inner is None:
            yield from {f"{path}{name}"} - OF_PLUGINS
        else:
            yield from fields(inner, f"{path}{name}.")


def value_of(chip: NnaConfig, field: str) -> Any:
    """The value of the dotted ``field``."""
    value: Any = chip
    for part in field.split("."):
        value = getattr(value, part)
    return value


def other_chips(chip: NnaConfig, field: str) -> Iterator[NnaConfig]:
    """Chips like ``chip`` that have another legal value of ``field``, and what must come with it."""
    section, now = _section(field), value_of(chip, field)
    choices = NAMES.get(field) or _choices(section.model_fields[field.rpartition(".")[2]].annotation)
    for value in [*choices, *_near(now)]:
        if value == now:
            continue
        try:
            yield chip.with_({**_companions(chip, field, value), field: value})
        except ConfigError:
            continue


def _companions(chip: NnaConfig, field: str, value: Any) -> dict[str, Any]:
    """A table of another node comes whole; 16-bit activations need a wide accumulator."""
    section, _, leaf = field.rpartition(".")
    if leaf == "node_nm":
        return {f"{section}.{name}": value_of(chip, f"{section}.{name}") for name in TABLES[section].OF_NODE}
    return {"numerics.accumulator_bits": 48} if (field, value) == ("numerics.activation_bits", 16) else {}


def _section(field: str) -> type[BaseModel]:
    model: type[BaseModel] = NnaConfig
    for part in field.split(".")[:-1]:
        inner = section_model(model, part)
        assert inner is not None
        model = inner
    return model


def _choices(annotation: Any) -> Iterator[Any]:
    """What a field of few values may be."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and hasattr(annotation, "__members__"):
        yield from annotation
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            yield from get_args(part)


def _near(now: Any) -> Iterator[Any]:
    if isinstance(now, bool):
        yield not now
    elif isinstance(now, int | float):
        yield from (now * 2, now / 2, now + 1, now + 0.5, now * 64)
    elif isinstance(now, str):
        yield f"other {now}"
    elif isinstance(now, tuple):
        yield tuple(2 * part for part in now)
    elif now is None:
        yield from (16, 4.0, ("enc0.wx",))
