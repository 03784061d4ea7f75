"""``plan``: int16 Q3.12 -> int16 by shifts only, four segments (Amin, Curtis and Hayes-Gill 1997)."""

from __future__ import annotations

from nnasim.numerics.activation import ActivationUnit, UnitKind
from nnasim.numerics.backend import Array, as_type_of, cast, library
from nnasim.numerics.formats import saturate


def _sigmoid(x64: Array) -> Array:
    """int64 Q.12 -> Q.15 before saturation: slopes 1/4, 1/8, 1/32 are shifts."""
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


def _apply(unit: ActivationUnit, x: Array) -> Array:
    x64 = cast(x, "int64")
    y = _sigmoid(x64) if unit.function == "sigmoid" else 2 * _sigmoid(2 * x64) - (1 << 15)
    return as_type_of(saturate(y, 16), x)


PLAN = UnitKind(name="plan", apply=_apply)
