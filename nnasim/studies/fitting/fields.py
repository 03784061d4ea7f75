"""The fields that a fit may move: their range, where they start, and the coordinate in which a search moves them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nnasim.allowed import Spot, below, limits
from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.hardware.field_units import unit_of
from nnasim.hardware.plausible import magnitudes
from nnasim.hardware.read_latency import CYCLES, NS
from nnasim.records import check_path, field_value
from nnasim.sweeps.fields import find_field

SOURCE = "fields"
DIGITS = 9  # of a value that is tried, so that what a file says is what was simulated
FARTHEST = 1e6  # times the start that a positive field may fall to, where its range ends at 0


@dataclass(frozen=True)
class FitField:
    """A number of a chip. ``low``, ``high``: its range as the schema has it; ``whole``: it counts things.

    A search moves a coordinate in which 1 is a great change: the logarithm of a field that is never 0, else the value
    in units of ``scale``.
    """

    name: str
    start: float
    low: float
    high: float
    whole: bool
    logarithmic: bool
    scale: float

    @property
    def unit(self) -> str:
        """The unit, as the name says it."""
        return unit_of(self.name)

    def coordinate(self, value: float) -> float:
        """The coordinate of ``value``."""
        return math.log(value / self.scale) if self.logarithmic else value / self.scale

    def value(self, coordinate: float) -> float | int:
        """The value at a coordinate, within the range; a whole number if only those are allowed."""
        bare = self.scale * (math.exp(coordinate) if self.logarithmic else coordinate)
        inside = min(max(float(f"{bare:.{DIGITS}g}"), self.low), self.high)
        return round(inside) if self.whole else inside

    @property
    def lowest(self) -> float:
        """The least coordinate."""
        return self.coordinate(self.low)

    @property
    def highest(self) -> float:
        """The greatest coordinate."""
        return self.coordinate(self.high)


def fit_fields(names: Sequence[str], chip: NnaConfig) -> tuple[FitField, ...]:
    """The fields ``names`` of ``chip``, which start at its values.

    Raises ConfigError for one that does not exist, is no number, is named twice or decides nothing on the chip.
    """
    if not names:
        raise ConfigError(SOURCE, "fields", "", "name at least one field, as host.handoff_us")
    fields = tuple(_field(NS if name == CYCLES else name, chip) for name in names)
    for place, field in enumerate(fields):
        if field.name in {other.name for other in fields[:place]}:
            raise ConfigError(SOURCE, "fields", field.name, "is named twice")
    return fields


def _field(name: str, chip: NnaConfig) -> FitField:
    check_path(NnaConfig, name, SOURCE, name)
    number = find_field(name, SOURCE).number
    start = field_value(chip, name) if number else None
    if number is None or isinstance(start, bool):
        raise ConfigError(SOURCE, "fields", name, "must be a number that a search can change step by step")
    if not isinstance(start, int | float):
        raise ConfigError(SOURCE, name, start, "is not set on this chip; give the value to start from")
    low, high = _range(name)
    logarithmic = low > 0 or (start > 0 and not _may_be_zero(name))
    field = FitField(
        name=name,
        start=start,
        low=low if low > 0 or not logarithmic else min(start / FARTHEST, high),
        high=high,
        whole=number is int,
        logarithmic=logarithmic,
        scale=start or _typical(name, chip),
    )
    _refuse_steps(field, chip)
    return field


def _spots(name: str) -> list[Spot]:
    spots = [Spot(NnaConfig)]
    for part in name.split("."):
        spots = below(spots, part)
    return spots


def _range(name: str) -> tuple[float, float]:
    bounds = limits(_spots(name))
    low, high = bounds.get("ge", bounds.get("gt", 0.0)), bounds.get("le", bounds.get("lt", math.inf))
    if "lt" in bounds and "le" not in bounds:
        high = math.nextafter(high, low)
    return float(low), float(high)


def _may_be_zero(name: str) -> bool:
    return "gt" not in limits(_spots(name))


def _typical(name: str, chip: NnaConfig) -> float:
    known = dict(magnitudes(chip))
    return known[name].typical if name in known else 1.0


def _refuse_steps(field: FitField, chip: NnaConfig) -> None:
    """Raise ConfigError if the field's neighbouring values make no chip: it is a size that others must divide,
    or idle.
    """
    step = 1 if field.whole else 1e-3 * field.scale
    neighbours = [value for value in (field.start + step, field.start - step) if field.low <= value <= field.high]
    refusals = list[ConfigError]()
    for value in neighbours:
        try:
            chip.with_({field.name: value}, SOURCE)
        except ConfigError as error:
            refusals.append(error)
    if refusals and len(refusals) == len(neighbours):
        raise ConfigError(SOURCE, "fields", field.name, f"cannot be searched step by step: {refusals[0].allowed}")
