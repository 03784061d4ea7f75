"""The values that a field allows, in words made from its type and bounds: "a number greater than 0 and at most
1e15".
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
_PLAIN = {int: "a whole number", float: "a number", bool: "true or false", NoneType: "null", Path: "a path"}
_LARGEST = int(sys.float_info.max)


class Spot(NamedTuple):
    """A place in a record where a value may be: its type, and the bounds that belong to the type."""

    type: Any
    bounds: tuple[Any, ...] = ()


def described(spots: Iterable[Spot]) -> str:
    """The values that are allowed at any of ``spots``, in words, without "must be"."""
    return _either([_words(*bare) for spot in spots for bare in _branches(spot)])


def number_text(value: float) -> str:
    """``value`` as text, in the fewest characters that give it exactly: 0, 0.5, 65536, 1e15."""
    if isinstance(value, int) and (abs(value) < 10**9 or abs(value) > _LARGEST or value != float(f"{value:g}")):
        return str(value)
    return f"{value:.12g}".replace("e+", "e").replace("e-0", "e-")


def bound_text(value: float) -> str:
    """``value`` as a message tells a bound, and the manual its limits: 0, 0.5, 1,048,576, 1e15."""
    text = number_text(value)
    return f"{int(text):,}" if text.removeprefix("-").isdecimal() else text


def unscaled(value: float) -> str | None:
    """The text of a number that cannot be scaled or rounded: infinite, not a number, or whole and larger than every
    float, which is counted, such as "a number of 401 digits"; None for any other.
    """
    if isinstance(value, int):
        return f"a number of {len(str(abs(value)))} digits" if abs(value) > _LARGEST else None
    return None if math.isfinite(value) else f"{value:g}"


def field_names(spots: Iterable[Spot]) -> list[str]:
    """The names of the fields that a mapping at ``spots`` may have, as they are written in a file."""
    return [field.alias or name for model in record_types(spots) for name, field in model.model_fields.items()]


def record_types(spots: Iterable[Spot]) -> list[type[BaseModel]]:
    """The types of record that are allowed at ``spots``."""
    return [bare.type for spot in spots for bare in _branches(spot) if _is_record(bare.type)]


def below(spots: Sequence[Spot], part: str | int) -> list[Spot]:
    """The spots that ``part`` (a field's name, a key or an index of a list) leads to from ``spots``; empty if there
    are none.
    """
    return [inner for spot in spots for bare in _branches(spot) for inner in _step(bare.type, part)]


def keys_of(spots: Sequence[Spot]) -> list[Spot]:
    """The spots for the keys of a mapping at ``spots``."""
    return [Spot(get_args(bare.type)[0]) for spot in spots for bare in _branches(spot) if _is_mapping(bare.type)]


def lengths(spots: Sequence[Spot]) -> list[int]:
    """The number of values in a list of fixed length at ``spots``, one for each such list."""
    types = [bare.type for spot in spots for bare in _branches(spot)]
    return [len(get_args(kind)) for kind in types if get_origin(kind) is tuple and Ellipsis not in get_args(kind)]


def limits(spots: Iterable[Spot]) -> dict[str, float]:
    """The range of a number at ``spots``: those of the bounds gt, ge, lt and le that are given."""
    return {name: value for spot in spots for bare in _branches(spot) for name, value in _limits(bare.bounds).items()}


def _step(kind: Any, part: str | int) -> Iterator[Spot]:
    if _is_record(kind):
        for name, field in kind.model_fields.items():
            if part == (field.alias or name):
                yield Spot(field.annotation, tuple(field.metadata))
    elif _is_mapping(kind) and isinstance(part, str):
        yield Spot(get_args(kind)[1])
    elif get_origin(kind) in (tuple, list, Sequence) and isinstance(part, int):
        items = get_args(kind)
        if Ellipsis in items or get_origin(kind) is not tuple:
            yield Spot(items[0])
        elif part < len(items):
            yield Spot(items[part])


def _branches(spot: Spot) -> Iterator[Spot]:
    """Each branch of a union by itself, and ``spot`` without ``Annotated``."""
    kind, bounds = spot
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        yield from _branches(Spot(kind, (*bounds, *more)))
    elif get_origin(kind) in (Union, UnionType):
        for branch in get_args(kind):
            yield from _branches(Spot(branch, bounds))
    else:
        yield Spot(kind, bounds)


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_mapping(kind: Any) -> bool:
    return isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping)


def _words(kind: Any, bounds: tuple[Any, ...]) -> str:
    limits = _limits(bounds)
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        values = get_args(kind) or [member.value for member in kind]
        return _either([repr(value) for value in values])
    if _is_record(kind):
        return f"a mapping of {', '.join(field_names([Spot(kind)]))}"
    if kind in (int, float):
        return _PLAIN[kind] + _range(limits)
    if kind is str:
        return "text" + _size(limits, "characters") + _form(bounds)
    if get_origin(kind) is Callable:
        return "a function"
    if _is_mapping(kind):
        return "a mapping" + _size(limits, "entries")
    if get_origin(kind) in (tuple, list, Sequence):
        fixed = lengths([Spot(kind)])
        return f"a list of {fixed[0]} values" if fixed else "a list" + _size(limits, "values")
    return _PLAIN.get(kind, "another value")


def _limits(bounds: Iterable[Any]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for bound in bounds:
        if isinstance(bound, FieldInfo):
            limits |= _limits(bound.metadata)
        for name in (*_BOUNDS, "min_length", "max_length"):
            value = getattr(bound, name, None)
            if isinstance(value, int | float):
                limits[name] = value
    return limits


def _range(limits: Mapping[str, float]) -> str:
    phrases = [f"{words} {bound_text(limits[name])}" for name, words in _BOUNDS.items() if name in limits]
    if not phrases:
        return ""
    return (" of " if phrases[0].startswith("at ") else " ") + " and ".join(phrases)


def _form(bounds: Iterable[Any]) -> str:
    """The regular expression of a text, where it has one."""
    metadata = [part for bound in bounds for part in (bound.metadata if isinstance(bound, FieldInfo) else [bound])]
    patterns = [part.pattern for part in metadata if getattr(part, "pattern", None)]
    return f" of the form {patterns[0]}" if patterns else ""


def _size(limits: Mapping[str, float], what: str) -> str:
    low, high = limits.get("min_length", 0), limits.get("max_length")
    if high is not None:
        return f" of {f'{bound_text(low)} to' if low else 'at most'} {bound_text(high)} {what}"
    return f" of at least {bound_text(low)} {what if low != 1 else what.removesuffix('s')}" if low else ""


def _either(words: Sequence[str]) -> str:
    different = list(dict.fromkeys(words))
    if len(different) < 2:
        return "".join(different)
    return f"{', '.join(different[:-1])} or {different[-1]}"
