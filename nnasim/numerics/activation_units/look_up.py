"""Look-up tables: ``lut8``, int8 -> int8 by 256 entries; ``lut16``, int16 Q3.12 -> int16 by 513, interpolated."""

from __future__ import annotations

import numpy as np

from nnasim.numerics.activation import ActivationUnit, Function, Table, UnitKind
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, gather
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import power_of_two, requantise
from nnasim.numerics.tables import int8_table, int16_table, require_fits

_PER_128 = power_of_two(-7)


def _pick(unit: ActivationUnit, x: Array) -> Array:
    return gather(unit.data["table"], cast(x, "int64") + 128, x)


def _build_lut8(function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
    return {"table": int8_table(function, table_range)}


def _interpolate(unit: ActivationUnit, x: Array) -> Array:
    table, x64 = unit.data["table"], cast(x, "int64")
    index, fraction = (x64 + 32768) >> 7, x64 & 127
    low, high = gather(table, index, x64), gather(table, index + 1, x64)
    return as_type_of(requantise(low * 128 + (high - low) * fraction, _PER_128, 16), x)


def _build_lut16(function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
    return {"table": int16_table(function)}


def _require_slopes(data: dict[str, Constants], name: str) -> None:
    require_fits(np.diff(data["table"]), 16, name, "table slope")


LUT8 = UnitKind(
    name="lut8",
    apply=_pick,
    input_bits=8,
    input_frac=None,
    output_bits=8,
    tables=lambda config: (Table("table", 256, 8),),
    build=_build_lut8,
)
LUT16 = UnitKind(
    name="lut16",
    apply=_interpolate,
    tables=lambda config: (Table("table", 513, 16),),
    build=_build_lut16,
    check=_require_slopes,
)
