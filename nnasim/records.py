"""The base of every record that a user writes: frozen, no unknown key, changed only by being validated again."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from nnasim.errors import ConfigError


def _number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


# pydantic would turn "500" and true into numbers, and "yes" into true; a preset that says so is wrong, and is told.
Integer = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Range = tuple[Number, Number, Number]
"""(low, nominal, high)."""


class Record(BaseModel):
    """Frozen; unknown keys and non-finite numbers are refused. ``with_`` is the only way to a changed one.

    No cache may live on a record, since a copy would carry it on; derived values are properties.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Fields of earlier versions -> what stands in their place."""

    def with_(self, changes: Mapping[str, Any], source: object = "with_") -> Self:
        """The same record with ``changes``: {"dram.bytes_per_second": 12e9}, validated whole, as if freshly read.

        A value may be a mapping of a section's fields, which is merged, or None where a section is optional.
        Raises ConfigError, which names ``source``, for an unknown field and for a value that is not allowed.
        """
        model, data = type(self), self.model_dump()
        for field, value in changes.items():
            check_path(model, field, source, value)
            put(data, field, value.model_dump() if isinstance(value, BaseModel) else value)
        return validated(model, data, source)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Refused with an ``update``, which pydantic would not check: use ``with_``."""
        if update is not None:
            raise TypeError(f"{type(self).__name__} is changed by with_({{'field': value}}), which checks the values")
        return super().model_copy(deep=deep)


RecordT = TypeVar("RecordT", bound=Record)


def put(data: dict[str, Any], field: str, value: Any) -> None:
    """Put ``value`` at the dotted ``field`` of ``data``, in place; a mapping is merged into the one that is there."""
    *sections, name = field.split(".")
    for section in sections:
        inner = data.get(section)
        data[section] = dict(inner) if isinstance(inner, dict) else {}
        data = data[section]
    old = data.get(name)
    data[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``top``; mappings are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in top.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def check_path(model: type[BaseModel], field: str, source: object, value: object) -> None:
    """Raise ConfigError unless the dotted ``field`` leads through ``model``'s sections to a field."""
    section: type[BaseModel] | None = model
    parts = field.split(".")
    for depth, part in enumerate(parts):
        if section is None or part not in section.model_fields:
            raise ConfigError(source, ".".join(parts[: depth + 1]), value, _unknown_in(section, part))
        section = section_model(section, part)


def section_model(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model of a field that is itself a section (or an optional one), else None."""
    annotation = model.model_fields[field].annotation
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def unknown_key(key: str, known: list[str]) -> str:
    """The message for a key that does not exist: the nearest one first, then all."""
    nearest = difflib.get_close_matches(key, known, n=1)
    hint = f"unknown key, did you mean {nearest[0]}?" if nearest else "unknown key;"
    return f"{hint} allowed are {', '.join(known) if known else 'none here'}"


def _unknown_in(section: type[BaseModel] | None, key: str) -> str:
    if section is None:
        return unknown_key(key, [])
    renamed = section.RENAMED if issubclass(section, Record) else {}
    return f"is now {renamed[key]}" if key in renamed else unknown_key(key, list(section.model_fields))


def validated(model: type[RecordT], data: Mapping[str, Any], source: object) -> RecordT:
    """The record that ``data`` describes. Raises ConfigError with ``source``, field, value and what is allowed."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(source, *explained(error, model)) from None


def explained(error: ValidationError, model: type[BaseModel]) -> tuple[str, object, str]:
    """(dotted field, value, what is allowed) of the first error of a ``model``; an unknown key goes before all others.

    A misspelt key is why another is missing.
    """
    first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
    parts, value = [str(part) for part in first["loc"]], first["input"]
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if first["type"] == "extra_forbidden":
        return ".".join(parts), value, _unknown_in(_section_at(model, parts[:-1]), parts[-1])
    if first["type"] == "missing":
        return ".".join(parts), None, "must be given"
    if first["type"] == "value_error" and isinstance(value, dict):  # a section's own rule names the field first
        inner, colon, rest = message.partition(": ")
        if colon:
            parts, message = [*parts, *inner.split(".")], rest
        value = _value_at(value, inner)
    return ".".join(parts), value, message


def _value_at(data: Any, dotted: str) -> object:
    for part in dotted.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _section_at(model: type[BaseModel], parts: list[str]) -> type[BaseModel] | None:
    section: type[BaseModel] | None = model
    for part in parts:
        section = section_model(section, part) if section and part in section.model_fields else None
    return section
