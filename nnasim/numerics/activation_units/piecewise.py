"""``pwl``: int16 Q3.12 -> int16 by n linear segments, each with its knot, its slope and its base."""

from __future__ import annotations

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics import segments
from nnasim.numerics.activation import ActivationUnit, Function, Table, UnitKind
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, constant, gather, library
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import saturate
from nnasim.numerics.rescale import power_of_two, requantise

# Slopes are Q1.14 on an input at 2^-12 and an output at 2^-15: 14 + 12 - 15 = 11.
_PER_2048 = power_of_two(-11)


def _apply(unit: ActivationUnit, x: Array) -> Array:
    knots, x64 = unit.data["knots"], cast(x, "int64")
    # Flat, because torch's search copies (and warns) where memory is not contiguous.
    inside = x64.clip(int(knots[0]), -int(knots[0]) - 1).reshape(-1)
    index = library(x64).searchsorted(constant(knots, x64, "int64"), inside, side="right") - 1
    rise = gather(unit.data["slopes"], index, x64) * (inside - gather(knots, index, x64))
    out = gather(unit.data["bases"], index, x64) + requantise(rise, _PER_2048, 32)
    return as_type_of(saturate(out, 16).reshape(x64.shape), x)


def _tables(config: NumericsConfig) -> tuple[Table, ...]:
    return tuple(Table(part, config.pwl_segments, 16) for part in ("knots", "slopes", "bases"))


def _build(function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
    return segments.build(function, config.pwl_segments, config.pwl_fit)


def _require_ascending(data: dict[str, Constants], name: str) -> None:
    knots = np.asarray(data["knots"], np.int64)
    if np.any(np.diff(knots) <= 0) or knots[0] >= 0:
        raise NumericsError(name, "knots", knots.tolist(), "must ascend from a negative first knot")


PWL = UnitKind(name="pwl", apply=_apply, tables=_tables, build=_build, check=_require_ascending)
