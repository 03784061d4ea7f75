"""The assumed numbers of a chip that decide the figures: one run at each end of each number's range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Changes, Figures, Swing
from nnasim.ir.result import Parameter
from nnasim.studies.explaining.turns import value_of
from nnasim.studies.explaining.variants import Variants

_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)"
_STATED = re.compile(rf"\brange {_NUMBER} to {_NUMBER}\b")


class Range(NamedTuple):
    """The range ``low`` to ``high`` of an assumed number.

    ``stated``: whether the preset gives it beside the number; if not, it is half to twice the value.
    """

    low: float
    high: float
    stated: bool


class Assumed(NamedTuple):
    """A number that a preset assumes: a field, its (nominal) value, and the range that it may lie in."""

    field: str
    value: float
    range: Range
    whole: bool
    triple: tuple[float, float, float] | None = None

    def changes(self, value: float) -> Changes:
        """The change that gives the number ``value``; of a range of three its nominal figure."""
        if self.triple is None:
            return {self.field: int(value) if self.whole else value}
        low, _, high = self.triple
        return {self.field: (min(low, value), value, max(high, value))}


def stated_range(source: str) -> tuple[float, float] | None:
    """The range that a number's source gives, as "assumed: range 0.7 to 0.9; ..." does."""
    stated = _STATED.search(source)
    return None if stated is None else (float(stated[1]), float(stated[2]))


def assumed_numbers(chip: NnaConfig, parameters: Sequence[Parameter]) -> tuple[list[Assumed], dict[str, str]]:
    """(numbers to vary, field -> the reason not to vary it) of all that ``parameters`` call assumed."""
    varied, others = list[Assumed](), dict[str, str]()
    for row in parameters:
        if "assumed" not in (row.source or ""):
            continue
        assumed, why = _assumed(row.field, value_of(chip, row.field), row.source or "")
        if assumed is None:
            others[row.field] = why
        else:
            varied.append(assumed)
    return varied, others


def _assumed(field: str, value: Any, source: str) -> tuple[Assumed | None, str]:
    if field.startswith("numerics."):
        return None, "the arithmetic, which needs a trace of its own"
    if field.startswith("compiler."):
        return None, "a choice of the compiler"
    if field.startswith("area."):
        return None, "area, on which no run depends"
    if isinstance(value, tuple) and len(value) == 3:
        low, nominal, high = value
        return Assumed(field, nominal, Range(low, high, True), whole=False, triple=(low, nominal, high)), ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, "a choice, no number" if value is not None else "null, so it follows another field"
    stated = stated_range(source)
    if stated is not None:
        return Assumed(field, value, Range(*stated, True), whole=isinstance(value, int)), ""
    if value == 0:
        return None, "0, without a range"
    low, high = (max(1, value // 2), value * 2) if isinstance(value, int) else (value / 2, value * 2)
    return Assumed(field, value, Range(low, high, False), whole=isinstance(value, int)), ""


def swings(
    variants: Variants, chip: NnaConfig, base: Figures, numbers: Sequence[Assumed]
) -> Iterator[tuple[Assumed, Swing | None]]:
    """Each (number, swing of the figures over its range); None if nothing moves."""
    for number in numbers:
        low, at_low = _at(variants, chip, base, number, number.range.low)
        high, at_high = _at(variants, chip, base, number, number.range.high)
        if at_low == at_high == base:
            yield number, None
            continue
        yield number, Swing(
            field=number.field, value=number.value, low=low, high=high, stated=number.range.stated,
            at_low=at_low, at_high=at_high,
        )  # fmt: skip


def _at(variants: Variants, chip: NnaConfig, base: Figures, number: Assumed, value: float) -> tuple[float, Figures]:
    """(the value that was run, the figures there): today's if the chip cannot have the end of the range."""
    if value == number.value:
        return value, base
    try:
        return value, variants.figures(chip.with_(number.changes(value)))
    except NnasimError:
        return number.value, base
