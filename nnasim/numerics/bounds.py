"""Proofs before running: can an accumulator overflow, and which float type holds every partial sum exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.formats import WEIGHT_LIMIT, highest

MANTISSA = {"float32": 24, "float64": 53}


@dataclass(frozen=True)
class Bound:
    """What bit widths, K and the actual weights say about one matrix product.

    ``worst_by_bits``: largest |partial sum| any weights could give; ``worst_by_weights``: with these weights.
    ``float_type``: smallest of float32, float64 whose mantissa holds ``worst_by_bits``; ``chunk``: K per exact float32 product.
    """

    name: str
    k: int
    input_bits: int
    weight_bits: int
    accumulator_bits: int
    worst_by_bits: int
    worst_by_weights: int | None
    float_type: str
    chunk: int

    @property
    def can_overflow(self) -> bool:
        """Whether some input could leave the accumulator, with the actual weights where they are known."""
        worst = self.worst_by_bits if self.worst_by_weights is None else self.worst_by_weights
        return worst > highest(self.accumulator_bits)


def bound(
    name: str,
    k: int,
    input_bits: int,
    weight_bits: int,
    accumulator_bits: int,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
) -> Bound:
    """Bounds of ``K`` products of int``input_bits`` and int``weight_bits`` (weights symmetric); weight (N, K) integers."""
    product = (1 << (input_bits - 1)) * WEIGHT_LIMIT[weight_bits]
    by_weights = None
    if weight is not None:
        reach = np.abs(np.asarray(weight, np.int64)).sum(axis=1) * (1 << (input_bits - 1))
        by_weights = int((reach + (0 if bias is None else np.abs(np.asarray(bias, np.int64)))).max())
    fits = k * product <= 1 << MANTISSA["float32"]
    chunk = (1 << MANTISSA["float32"]) // product
    return Bound(
        name, k, input_bits, weight_bits, accumulator_bits, k * product, by_weights,
        "float32" if fits else "float64", chunk,
    )  # fmt: skip


def require_no_overflow(limit: Bound) -> None:
    """Raises NumericsError where a product of this shape could leave the accumulator."""
    if limit.can_overflow:
        worst = limit.worst_by_bits if limit.worst_by_weights is None else limit.worst_by_weights
        raise NumericsError(
            limit.name, "accumulator", worst, f"K = {limit.k} can overflow {limit.accumulator_bits} bits"
        )
