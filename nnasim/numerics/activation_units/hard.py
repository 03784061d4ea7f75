"""``hard``: int16 Q3.12 -> int16, x/6 + 1/2 for sigmoid and clip(x) for tanh."""

from __future__ import annotations

from nnasim.numerics.activation import ActivationUnit, UnitKind
from nnasim.numerics.backend import Array, as_type_of, cast
from nnasim.numerics.formats import GATE_FRAC, highest, saturate
from nnasim.numerics.rescale import Rescale, requantise

_SIXTH = Rescale.of(2.0 ** (15 - GATE_FRAC) / 6)


def _apply(unit: ActivationUnit, x: Array) -> Array:
    x64 = cast(x, "int64")
    if unit.function == "tanh":
        return as_type_of(saturate(x64 << (15 - GATE_FRAC), 16), x)
    return as_type_of((requantise(x64, _SIXTH, 32) + (1 << 14)).clip(0, highest(16)), x)


HARD = UnitKind(name="hard", apply=_apply)
