"""The base of every record: frozen, without unknown keys. All messages about wrong values are made here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationError
from pydantic_core import PydanticCustomError

from nnasim.allowed import Spot, below, described, field_names, keys_of, lengths, record_types
from nnasim.errors import NOT_GIVEN, ConfigError, InputError, SimulationError, shown

_MOST_FINDINGS = 10_000  # that are looked through
_MOST_NAMES = 10  # of unknown keys in one line


def _number(value: object) -> object:
    if type(value) is not float and type(value) is not int:
        if hasattr(value, "item") and getattr(value, "shape", None) == ():
            value = value.item()  # numpy's number is as good as Python's
        if isinstance(value, bool | str | bytes):
            raise PydanticCustomError("other_type", "must be a number")
    return 0.0 if isinstance(value, float) and value == 0 else value  # -0.0 would be shown


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise PydanticCustomError("other_type", "must be true or false")
    return value


# pydantic would turn "500" and true into numbers, and "yes" into true; a file that says so is wrong, and is told.
Integer = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
ItemT = TypeVar("ItemT")
Items = Annotated[tuple[ItemT, ...], FailFast()]
"""Any number of items; checking ends at the first wrong one, so that a file of millions of them costs little."""
Level = Annotated[Number, Field(ge=0, le=1e9)]
Range = tuple[Level, Level, Level]
"""(low, nominal, high)."""


class Frozen(BaseModel):
    """The base of every record: unknown keys and non-finite numbers are refused.

    A record may not hold a cache, since a copy would share it; derived values are properties.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Frozen):
    """A record that users set. ``with_`` is the only way to get a changed one."""

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Fields of earlier versions -> the fields that replace them."""

    def with_(self, changes: Mapping[str, Any], source: object = "with_") -> Self:
        """The same record with ``changes`` such as {"dram.bytes_per_second": 12e9}, validated as a whole like a file.

        A value may be a mapping of a section's fields, which is merged, or None if a section is optional. Raises
        ConfigError, which names ``source``, for an unknown field and for a value that is not allowed.
        """
        model, data = type(self), self.model_dump()
        refuse_no_changes(changes, source)
        for field, value in changes.items():
            check_path(model, field, source, value)
            put(data, field, value.model_dump() if isinstance(value, BaseModel) else value)
        return validated(model, data, source)

    def __setattr__(self, name: str, value: Any) -> None:
        """Raise an error of one line: a record cannot be changed in place."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set; with_({{...}}) gives a changed one")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy. Raises an error for an ``update``, which pydantic would not check: use ``with_``."""
        if update is not None:
            raise TypeError(f"{type(self).__name__} is changed by with_({{'field': value}}), which checks the values")
        return super().model_copy(deep=deep)


RecordT = TypeVar("RecordT", bound=BaseModel)


def refuse_no_changes(changes: object, source: object) -> None:
    """Raise ConfigError unless ``changes`` is a mapping whose keys are text."""
    if not isinstance(changes, Mapping):
        raise ConfigError(source, "changes", changes, "must be a mapping such as {'dram.bytes_per_second': 12e9}")
    for field in changes:
        if not isinstance(field, str):
            raise ConfigError(source, "changes", field, "must be the dotted name of a field")


def put(data: dict[str, Any], field: str, value: Any) -> None:
    """Put ``value`` at the dotted ``field`` of ``data``, in place; a mapping is merged with the one there."""
    *sections, name = field.split(".")
    for section in sections:
        inner = data.get(section)
        data[section] = dict(inner) if isinstance(inner, dict) else {}
        data = data[section]
    old = data.get(name)
    data[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value


def merge(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``top``; mappings are merged, other values are replaced."""
    merged = dict(base)
    for key, value in top.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def check_path(model: type[BaseModel], field: str, source: object, value: object) -> None:
    """Raise ConfigError unless the dotted ``field`` leads through ``model``'s sections to a field."""
    spots, parts = [Spot(model)], field.split(".")
    for depth, part in enumerate(parts):
        inner = below(spots, part)
        if not inner:
            raise ConfigError(source, ".".join(parts[: depth + 1]), value, _unknown_in(spots, part))
        spots = inner


def field_value(record: BaseModel, field: str) -> Any:
    """The value of the dotted ``field``; None in a section that the record leaves out."""
    value: Any = record
    for part in field.split("."):
        value = None if value is None else getattr(value, part)
    return value


def section_model(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model of a field that is itself a section (possibly optional), else None."""
    annotation = model.model_fields[field].annotation
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def unknown_key(key: str, allowed: list[str]) -> str:
    """The message for a key that does not exist: the nearest one first, then all allowed ones."""
    nearest = difflib.get_close_matches(key, allowed, n=1, cutoff=0.65)
    hint = f"unknown key, did you mean {nearest[0]}?" if nearest else "unknown key;"
    return f"{hint} allowed are {', '.join(allowed) if allowed else 'none here'}"


def validated(
    model: type[RecordT],
    data: object,
    source: object,
    error: type[InputError] = ConfigError,
    within: str = "",
) -> RecordT:
    """The record that ``data`` describes. All complaints of pydantic become our messages here.

    Raises ``error`` with ``source``, field, value and what is allowed. ``within``: the place of ``data`` in the source.
    """
    if isinstance(data, dict) and isinstance(version := data.get("schema_version"), bool):  # true is 1 to Python
        raise error(source, ".".join(filter(None, (within, "schema_version"))), version, "must be a whole number")
    try:
        return model.model_validate(data)
    except ValidationError as wrong:
        first = explained(wrong, model)
        field = ".".join(part for part in (within, first.field) if part)
        raise error(source, field, first.value, first.allowed) from None


@contextmanager
def as_complaint(source: object, field: str, value: object, error: type[InputError], what: str) -> Iterator[None]:
    """A context for making a record from a file's values. Raises ``error`` with the first complaint, after ``what``."""
    try:
        yield
    except ValidationError as wrong:
        raise error(source, field, value, f"{what}: {wrong.errors()[0]['msg']}") from None


@contextmanager
def computed(what: str) -> Iterator[None]:
    """A context for making records from computed numbers of ``what``. Raises SimulationError for a number out of range.

    Inputs that are each allowed may together give a figure that no file can hold, such as 1e18 mJ.
    """
    try:
        yield
    except ValidationError as wrong:
        item = wrong.errors(include_url=False, include_context=False)[0]
        field = dotted(part for part in item["loc"])
        message = (
            f"{what}: {field} = {shown(item['input'])} is out of range ({item['msg']}): the numbers of the inputs are"
        )
        raise SimulationError(f"{message} each allowed, but not together") from None
    except OverflowError as wrong:
        raise SimulationError(f"{what}: a figure is larger than any number that can be stored ({wrong})") from None


class Complaint(NamedTuple):
    """One fault of a record: the dotted field, its value, and what is allowed."""

    field: str
    value: object
    allowed: str


def explained(error: ValidationError, model: type[BaseModel]) -> Complaint:
    """The first fault of a ``model``, in our words; missing and unknown fields are named all at once.

    An unknown key comes before all other faults, since a misspelt key is why another is missing. For a value that fits
    none of several types, the message is that of the type that it came nearest to.
    """
    if error.error_count() > _MOST_FINDINGS:  # the library's list of them would take gigabytes
        return Complaint("record", "...", f"{error.error_count()} of its values are wrong")
    findings = [_Finding(item, model) for item in error.errors(include_url=False, include_context=False)]
    first = next((finding for finding in findings if finding.kind == "extra_forbidden"), findings[0])
    within = [finding for finding in findings if finding.path[: len(first.path)] == first.path]
    nearest = max(within, key=lambda finding: len(finding.path))
    if nearest.kind in ("missing", "extra_forbidden"):
        return _keys(nearest, [finding for finding in findings if finding.path[:-1] == nearest.path[:-1]])
    if len({finding.kind for finding in within if finding.path == nearest.path}) > 1:
        return Complaint(nearest.field, nearest.value, f"must be {described(nearest.spots)}")
    return nearest.complaint()


def wrong_values(model: type[BaseModel], data: object) -> list[Complaint]:
    """Every fault of a single value in ``data``, without the rules that tie several fields together."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        findings = [_Finding(item, model) for item in error.errors(include_url=False, include_context=False)]
        return [finding.complaint() for finding in findings if not finding.is_rule]
    return []


class _Finding:
    """One of pydantic's findings. ``path``: the parts that lead to the value, without names of types."""

    def __init__(self, item: Any, model: type[BaseModel]) -> None:
        self.kind: str = item["type"]
        self.value: object = item["input"]
        self.message: str = item["msg"].partition(", ")[2]
        location = item["loc"]
        end = location[-1:] if self.kind in ("missing", "extra_forbidden") else ()
        self.spots, self.path = _walked(model, location[: len(location) - len(end)])
        self.path += end

    @property
    def field(self) -> str:
        """The dotted path."""
        return dotted(self.path)

    @property
    def is_rule(self) -> bool:
        """Whether a rule of a whole section is broken, rather than that of one value."""
        return self.kind == "value_error" and isinstance(self.value, dict)

    def complaint(self) -> Complaint:
        """This finding in our words."""
        if self.kind in ("missing", "extra_forbidden"):
            return _keys(self, [self])
        if self.is_rule:
            return self._rule()
        if self.kind == "value_error":
            return Complaint(self.field, self.value, self.message)
        what = described(self.spots) or "left out"
        return Complaint(self.field, self.value, f"must be {_more_exact(what, self.kind)}")

    def _rule(self) -> Complaint:
        """The broken rule of a section; its message names the field first."""
        assert isinstance(self.value, dict)
        inner, colon, rest = self.message.partition(": ")
        if colon and inner.split(".")[0] in field_names(self.spots):
            return Complaint(dotted((*self.path, inner)), _value_at(self.value, inner), rest)
        return Complaint(self.field or "record", "...", self.message)


def _walked(model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[list[Spot], tuple[str | int, ...]]:
    """The spots of a pydantic location and the path to it; pydantic's locations also name the branches of a union."""
    spots = outer = [Spot(model)]
    path: list[str | int] = []
    for part in location:
        if part == "[key]":
            spots = keys_of(outer)
            continue
        outer, inner = spots, below(spots, part)
        if inner:
            spots = inner
            path.append(part)
    return spots, tuple(path)


def _keys(first: _Finding, siblings: list[_Finding]) -> Complaint:
    """The complaint about keys of one mapping that are missing or unknown, or about a list of fixed length that is too
    short.
    """
    if isinstance(first.path[-1], int):
        count = " or ".join(map(str, lengths(first.spots)))
        return Complaint(dotted(first.path[:-1]), first.value, f"must be a list of {count} values")
    unknown = [finding for finding in siblings if finding.kind == "extra_forbidden"]
    missing = list(dict.fromkeys(str(finding.path[-1]) for finding in siblings if finding.kind == "missing"))
    fields = field_names(first.spots)
    if not unknown:
        names = dotted((*first.path[:-1], ", ".join(missing)))
        return Complaint(names, NOT_GIVEN, f"must be given; allowed are {', '.join(fields)}")
    others = [dotted(finding.path[-1:]) for finding in unknown[1:_MOST_NAMES]]
    allowed = _unknown_in(first.spots, str(unknown[0].path[-1]))
    allowed += f"; also unknown: {', '.join(others)}" if others else ""
    allowed += f"; must be given too: {', '.join(missing)}" if missing else ""
    return Complaint(unknown[0].field, unknown[0].value, allowed)


def _unknown_in(spots: Sequence[Spot], key: str) -> str:
    renamed: dict[str, str] = {}
    for model in record_types(spots):
        renamed |= model.RENAMED if issubclass(model, Record) else {}
    return f"is now {renamed[key]}" if key in renamed else unknown_key(key, field_names(spots))


def dotted(path: Iterable[str | int]) -> str:
    """``path`` as messages show it; a key that came from a file is shortened and escaped like any value."""
    return ".".join(part if part.isprintable() and len(part) < 200 else shown(part) for part in map(str, path))


def _more_exact(words: str, kind: str) -> str:
    """``words``, made more precise by the kind of finding."""
    if kind == "finite_number":
        return words.replace("a number", "a finite number", 1)
    return f"{words}, without halves of surrogate pairs" if kind == "string_unicode" else words


def _value_at(data: Any, dotted: str) -> object:
    for part in dotted.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data
