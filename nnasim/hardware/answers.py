"""Checks of what a package's MAC array or DRAM answers: a number that its interface forbids would be a wrong result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nnasim.allowed import bound_text
from nnasim.errors import PluginError, shown
from nnasim.plugins import refuse_signatures
from nnasim.records import Record

MOST = 10**15
"""The most cycles or bytes of an answer: more than the longest run has."""


def whole(who: str, what: str, value: Any, least: int, most: int = MOST) -> int:
    """``value`` as an int. Raises PluginError unless it is a whole number from ``least`` to ``most``."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = least - 1
    if isinstance(value, str) or number != value or not least <= number <= most:
        raise PluginError(
            who, what, value, f"must be a whole number of at least {bound_text(least)} and at most {bound_text(most)}"
        )
    return number


def number(who: str, what: str, value: Any, *, positive: bool = False, finite: bool = True) -> None:
    """Raise PluginError unless ``value`` is a number of at least 0, or above 0 if it must be ``positive``."""
    try:
        ok = value >= 0 and (value > 0 or not positive) and (math.isfinite(value) or not finite)
    except (TypeError, ValueError, OverflowError):
        ok = False
    if not ok:
        raise PluginError(who, what, value, f"must be a number {'above 0' if positive else 'of at least 0'}")


def guarded(who: str, part: Any, base: type, guard: type, arguments: Mapping[str, int]) -> Any:
    """A subclass of ``part`` whose answers ``guard`` checks. Raises ValueError if ``part`` is no complete ``base``.

    ``arguments``: method -> how many arguments it is called with.
    """
    if not (isinstance(part, type) and issubclass(part, base)):
        raise ValueError(f"{who} must be a subclass of {base.__name__}")
    if not (isinstance(part.Parameters, type) and issubclass(part.Parameters, Record)):  # type: ignore[attr-defined]
        raise ValueError(f"{who}: Parameters must be a subclass of Record")
    if part.__doc__ is not None and not isinstance(part.__doc__, str):
        raise ValueError(f"{who}: its docstring must be a text")
    if missing := sorted(getattr(part, "__abstractmethods__", ())):
        raise ValueError(f"{who} lacks {', '.join(missing)}")
    refuse_signatures(who, part, arguments)
    said = {"__doc__": part.__doc__, "__module__": part.__module__, "who": who}
    try:
        return type(part.__name__, (guard, part), said)
    except TypeError as error:
        raise ValueError(f"{who} must let classes be made of it: {shown(str(error))}") from None


def is_texts(value: object) -> bool:
    """Whether ``value`` is a collection of texts."""
    return isinstance(value, frozenset | set | tuple | list) and all(isinstance(text, str) for text in value)
