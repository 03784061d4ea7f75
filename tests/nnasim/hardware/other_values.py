"""Every field of a chip, and another legal value for it: what laws over all fields go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.records import section_model


def fields(model: type[BaseModel] = NnaConfig, path: str = "") -> Iterator[str]:
    """The dotted path of every field that holds a value."""
    for name in model.model_fields:
        inner = section_model(model, name)
        if inner is None:
            yield f"{path}{name}"
        else:
            yield from fields(inner, f"{path}{name}.")


def value_of(chip: NnaConfig, field: str) -> Any:
    """The value of the dotted ``field``."""
    value: Any = chip
    for part in field.split("."):
        value = getattr(value, part)
    return value


def other_value(chip: NnaConfig, field: str) -> Any:
    """A value of ``field`` that ``chip`` accepts and does not have."""
    section, now = _section(field), value_of(chip, field)
    for value in [*_choices(section.model_fields[field.rpartition(".")[2]].annotation), *_near(now)]:
        if value == now:
            continue
        try:
            chip.with_({field: value})
        except ConfigError:
            continue
        return value
    raise AssertionError(f"no other value found for {field} = {now!r}")


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
        yield from (now * 2, now / 2, now + 1, now + 0.5)
    elif isinstance(now, str):
        yield f"other {now}"
    elif isinstance(now, tuple):
        yield tuple(2 * part for part in now)
    elif now is None:
        yield from (16, 4.0, ("enc0.wx",))
