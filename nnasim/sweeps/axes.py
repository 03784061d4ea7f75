"""One axis of a sweep: a list, an even range or a logarithmic range of values."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BeforeValidator, model_validator
from pydantic import Field as PydanticField

from nnasim import limits
from nnasim.allowed import bound_text
from nnasim.records import Frozen, Integer, Number
from nnasim.sweeps.fields import Field, Scalar

MOST_POINTS = limits.SWEEP_POINTS
LARGEST_INTEGER = limits.SWEEP_INTEGER


def _scalar(value: object) -> object:
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValueError(f"must be a number of at most {LARGEST_INTEGER:,}")
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise ValueError("must be a number, a word, true, false or null")


Value = Annotated[Scalar, BeforeValidator(_scalar)]
Span = tuple[Number, Number] | tuple[Number, Number, Integer]


class AxisSpec(Frozen):
    """The values of one axis, as a sweep file gives them.

    ``{list: [...]}``, ``{range: [low, high, count]}`` or ``{logrange: [low, high, count]}``.

    ``multiple``: values of a range are rounded to multiples of it, as is needed if banks must divide a capacity. A grid
    needs ``count``; samplers and searches draw from the whole interval, and need none.
    """

    values: tuple[Value, ...] | None = PydanticField(None, alias="list")
    span: Span | None = PydanticField(None, alias="range")
    logspan: Span | None = PydanticField(None, alias="logrange")
    multiple: Integer | None = PydanticField(None, gt=0, le=LARGEST_INTEGER)

    @model_validator(mode="before")
    @classmethod
    def _no_bare_list(cls, data: object) -> object:
        if isinstance(data, list):
            raise ValueError("must be a mapping, such as {list: [10, 50]} or {range: [10, 50, 5]}")
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> AxisSpec:
        if sum(kind is not None for kind in (self.values, self.span, self.logspan)) != 1:
            raise ValueError("give one of list, range and logrange")
        if self.values is not None:
            self._check_list(self.values)
        else:
            self._check_span(self.interval, len(self.span or self.logspan or ()))
        return self

    def _check_list(self, values: tuple[Scalar, ...]) -> None:
        if not values:
            raise ValueError("list: an axis must have at least one value")
        if self.multiple is not None:
            raise ValueError("multiple: must be left out with a list, it is for ranges")
        seen = {(isinstance(value, bool), value) for value in values}
        if len(seen) != len(values):
            raise ValueError("list: must not have a value twice")

    def _check_span(self, interval: tuple[float, float], length: int) -> None:
        low, high = interval
        if low > high:
            raise ValueError("range: must be [low, high, count] with low <= high")
        if self.logspan is not None and low <= 0:
            raise ValueError("logrange: must begin above 0")
        if length == 3 and not 1 <= self.count <= MOST_POINTS:
            raise ValueError(f"range: an axis must have 1 to {MOST_POINTS:,} values")

    @property
    def interval(self) -> tuple[float, float]:
        """(low, high) of a range."""
        low, high = (self.span or self.logspan or (0, 0))[:2]
        return low, high

    @property
    def count(self) -> int:
        """The number of values that a grid takes from a range; 0 if the sweep does not give it."""
        span = self.span or self.logspan or ()
        return span[2] if len(span) == 3 else 0

    def at(self, place: float, field: Field) -> Scalar:
        """The value at ``place`` in [0, 1] of the axis; a list is divided evenly among its values."""
        if self.values is not None:
            return field.coerce(self.values[min(int(place * len(self.values)), len(self.values) - 1)])
        low, high = self.interval
        value = low + (high - low) * place if self.span else math.exp(_between(math.log(low), math.log(high), place))
        value = low if place == 0 else high if place == 1 else value
        return self.rounded(value, field)

    def rounded(self, value: Scalar, field: Field) -> Scalar:
        """``value`` as the axis and the field keep it: a range's numbers with 12 digits, as integers or multiples."""
        if self.values is not None or isinstance(value, bool) or not isinstance(value, int | float):
            return field.coerce(value)
        low, high = self.interval
        value = float(f"{value:.12g}") if low < value < high else value  # else 2e9 is 2000000000.0000024
        if self.multiple:
            value = round(value / self.multiple) * self.multiple
        if field.number is int:
            value = round(value)
        if not low <= value <= high and not self.multiple:  # exp(log(x)) may miss an end by a rounding
            value = min(max(value, low), high)
        return field.coerce(value)

    def holds(self, value: object, field: Field) -> bool:
        """Whether a grid, a sample or a search may have taken ``value`` from the axis."""
        if self.values is not None:
            there = [field.coerce(each) for each in self.values]
            return any(isinstance(value, bool) == isinstance(each, bool) and value == each for each in there)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        low, high = self.bounds(field)
        return low <= value <= high

    def bounds(self, field: Field) -> tuple[float, float]:
        """The interval of a range, with the multiples that its ends are rounded to."""
        low, high = self.interval
        ends = [end for end in (self.rounded(low, field), self.rounded(high, field)) if isinstance(end, int | float)]
        return min(low, *ends), max(high, *ends)

    def allowed(self, field: Field) -> str:
        """The values that ``holds``, in words."""
        if self.values is not None:
            return f"one of {', '.join(repr(field.coerce(value)) for value in self.values[:20])}"
        low, high = map(bound_text, self.bounds(field))
        return f"a number of at least {low} and at most {high}"

    def grid(self, field: Field) -> tuple[Scalar, ...]:
        """All values of a grid, in order; values that rounding has made equal are given once."""
        if self.values is not None:
            return tuple(field.coerce(value) for value in self.values)
        last = max(1, self.count - 1)
        return tuple(dict.fromkeys(self.at(index / last, field) for index in range(self.count)))


def _between(low: float, high: float, place: float) -> float:
    return low + (high - low) * place
