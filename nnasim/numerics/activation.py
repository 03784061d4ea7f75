"""Activation units: how a chip computes sigmoid and tanh. Each is one function on integers plus its data.

``lut8``  int8 -> int8, 256 entries.                 ``lut16`` int16 Q3.12 -> int16, 513 entries, interpolated.
``pwl``   int16 Q3.12 -> int16, n linear segments.   ``plan``  shifts only, 4 segments (Amin, Curtis, Hayes-Gill 1997).
``hard``  x/6 + 1/2 and clip(x).

Tables are data: built once here, stored with the model, never recomputed at load.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics import segments, tables
from nnasim.numerics.backend import Array, Constants, as_type_of, cast, constant, gather, library
from nnasim.numerics.config import Activation, NumericsConfig
from nnasim.numerics.formats import GATE_FRAC, highest, lowest, saturate
from nnasim.numerics.rescale import Rescale, power_of_two, requantise

Function = Literal["sigmoid", "tanh"]


@dataclass(frozen=True)
class ActivationUnit:
    """One activation function as one layer uses it: entry rescale, the unit itself, exit rescale.

    ``entry`` brings the incoming integers into the unit's input format (int8 at R/128 for lut8, int16 at 2^-12 for
    the others); ``exit`` brings Q0.7 (lut8) or Q0.15 into ``out_bits``, where those differ (the joint).
    """

    kind: Activation
    function: Function
    entry: Rescale
    data: dict[str, Constants] = field(default_factory=dict)
    exit: Rescale | None = None
    out_bits: int = 16

    @property
    def input_bits(self) -> int:
        """Bits of the unit's own input."""
        return 8 if self.kind == Activation.LUT8 else 16

    @property
    def output_frac(self) -> int:
        """Fractional bits of what comes out: 7 for int8, 15 for int16."""
        return self.out_bits - 1

    def __call__(self, x: Array) -> Array:
        """Integers of the incoming format -> integers of ``out_bits``, in the type of ``x``."""
        out = _APPLY[self.kind](self, requantise(x, self.entry, self.input_bits))
        return out if self.exit is None else requantise(out, self.exit, self.out_bits)

    def expand(self, bits: int) -> Constants:
        """Output for every integer of ``bits``, int64 of shape (2^bits,), index x - lowest(bits).

        The domain is finite, so one look-up in this array IS the unit, bit for bit, whatever its kind.
        """
        return np.asarray(self(np.arange(lowest(bits), highest(bits) + 1, dtype=np.int64)))


def _lut8(unit: ActivationUnit, x: Array) -> Array:
    return gather(unit.data["table"], cast(x, "int64") + 128, x)


_PER_128 = power_of_two(-7)
# Slopes are Q1.14 on an input at 2^-12 and an output at 2^-15: 14 + 12 - 15 = 11.
_PER_2048 = power_of_two(-11)


def _lut16(unit: ActivationUnit, x: Array) -> Array:
    table, x64 = unit.data["table"], cast(x, "int64")
    index, fraction = (x64 + 32768) >> 7, x64 & 127
    low, high = gather(table, index, x64), gather(table, index + 1, x64)
    return as_type_of(requantise(low * 128 + (high - low) * fraction, _PER_128, 16), x)


def _pwl(unit: ActivationUnit, x: Array) -> Array:
    knots, x64 = unit.data["knots"], cast(x, "int64")
    # Flat, because torch's search copies (and warns) where memory is not contiguous.
    inside = x64.clip(int(knots[0]), -int(knots[0]) - 1).reshape(-1)
    index = library(x64).searchsorted(constant(knots, x64, "int64"), inside, side="right") - 1
    rise = gather(unit.data["slopes"], index, x64) * (inside - gather(knots, index, x64))
    out = gather(unit.data["bases"], index, x64) + requantise(rise, _PER_2048, 32)
    return as_type_of(saturate(out, 16).reshape(x64.shape), x)


def _plan_sigmoid(x64: Array) -> Array:
    """PLAN on int64 Q.12, result Q.15 before saturation: slopes 1/4, 1/8, 1/32 are shifts."""
    size = abs(x64)
    where = library(x64).where
    y = where(
        size >= 5 << 12,
        size * 0 + (1 << 15),
        where(
            size >= (19 << 12) // 8,
            (size >> 2) + 27648,  # 0.84375
            where(size >= 1 << 12, size + 20480, (size << 1) + 16384),  # 0.625, 0.5
        ),
    )
    return where(x64 < 0, (1 << 15) - y, y)


def _plan(unit: ActivationUnit, x: Array) -> Array:
    x64 = cast(x, "int64")
    y = _plan_sigmoid(x64) if unit.function == "sigmoid" else 2 * _plan_sigmoid(2 * x64) - (1 << 15)
    return as_type_of(saturate(y, 16), x)


_SIXTH = Rescale.of(2.0 ** (15 - GATE_FRAC) / 6)


def _hard(unit: ActivationUnit, x: Array) -> Array:
    x64 = cast(x, "int64")
    if unit.function == "tanh":
        return as_type_of(saturate(x64 << (15 - GATE_FRAC), 16), x)
    return as_type_of((requantise(x64, _SIXTH, 32) + (1 << 14)).clip(0, highest(16)), x)


_APPLY: dict[Activation, Callable[[ActivationUnit, Array], Array]] = {
    Activation.LUT8: _lut8,
    Activation.LUT16: _lut16,
    Activation.PWL: _pwl,
    Activation.PLAN: _plan,
    Activation.HARD: _hard,
}


def unit_output_bits(config: NumericsConfig) -> int:
    """Bits of what the chip's activation unit puts out: 8 for lut8, else 16."""
    return 8 if config.activation == Activation.LUT8 else 16


def unit_data(function: Function, config: NumericsConfig, table_range: float) -> dict[str, Constants]:
    """The constants of the chip's unit for ``function``; ``table_range`` R is used by lut8 alone."""
    if config.activation == Activation.NONE:
        raise NumericsError("numerics", "activation", "none", "this chip has no activation unit")
    if config.activation == Activation.LUT8:
        return {"table": tables.int8_table(function, table_range)}
    if config.activation == Activation.LUT16:
        return {"table": tables.int16_table(function)}
    if config.activation == Activation.PWL:
        return segments.build(function, config.pwl_segments, config.pwl_fit)
    return {}


def build_unit(
    function: Function,
    config: NumericsConfig,
    *,
    in_scale: float,
    table_range: float,
    out_bits: int | None = None,
    data: dict[str, Constants] | None = None,
    name: str = "",
) -> ActivationUnit:
    """The chip's unit for ``function`` on integers worth ``in_scale`` each.

    ``data``: tables that travelled with a model are used as they are. Raises NumericsError for a chip without a unit, a
    table of the wrong length or a slope beyond int16.
    """
    if not 0 < table_range < math.inf:
        raise NumericsError(name or function, "table range", table_range, "must be finite and positive")
    made = unit_data(function, config, table_range) if data is None else data
    tables.check(config.activation, made, name or function)
    unit_bits = unit_output_bits(config)
    input_scale = table_range / 128 if config.activation == Activation.LUT8 else 2.0**-GATE_FRAC
    bits, double = config.multiplier_bits, config.rounding == "double"
    wanted = out_bits or unit_bits
    return ActivationUnit(
        config.activation,
        function,
        Rescale.of(in_scale / input_scale, bits, double_round=double, name=name or function),
        made,
        None if wanted == unit_bits else Rescale.of(2.0 ** (wanted - unit_bits), bits, double_round=double),
        wanted,
    )
