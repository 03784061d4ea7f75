"""Proofs before a run: whether an accumulator can overflow, and which float type holds every partial sum exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Constants
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.rescale import Rescale

MANTISSA = {"float32": 24, "float64": 53}


@dataclass(frozen=True)
class Bound:
    """The bounds of one matrix product from bit widths, K and the actual weights.

    ``worst_by_bits``: largest |partial sum| that any weights could give; ``worst_by_weights``: that these weights and
    the bias give. ``float_type``: smallest of float32, float64 whose mantissa holds ``worst_by_bits`` and the bias;
    ``chunk``: the largest K of one product that is exact in float32.
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
    def worst(self) -> int:
        """The tightest limit known."""
        return self.worst_by_bits if self.worst_by_weights is None else self.worst_by_weights

    @property
    def can_overflow(self) -> bool:
        """Whether some input could leave the accumulator, with the actual weights if they are known."""
        return self.worst > highest(self.accumulator_bits)


def exact_type(largest: int, name: str = "matmul") -> str:
    """Smallest of float32, float64 in which every integer up to ``largest`` is itself.

    Raises NumericsError beyond 2^53.
    """
    for float_type, bits in MANTISSA.items():
        if largest <= 1 << bits:
            return float_type
    raise NumericsError(name, "largest partial sum", largest, "must fit float64's exact 2^53")


def bound(
    name: str,
    k: int,
    input_bits: int,
    weight_bits: int,
    accumulator_bits: int,
    weight: Constants | None = None,
    bias: Constants | None = None,
) -> Bound:
    """Bounds of a sum of ``k`` products of int``input_bits`` and int``weight_bits`` (weights are symmetric).

    ``weight`` (N, K) integers, ``bias`` (N,) integers in accumulator steps. The type is chosen by bits, not by weights:
    they change in training. Raises NumericsError if float64 does not hold every sum exactly.
    """
    product = -lowest(input_bits) * WEIGHT_LIMIT[weight_bits]
    offset = np.abs(np.asarray(0 if bias is None else bias, np.int64))
    by_weights = None
    if weight is not None:
        reach = np.abs(np.asarray(weight, np.int64)).sum(axis=1) * -lowest(input_bits)
        by_weights = int((reach + offset).max())
    return Bound(
        name=name,
        k=k,
        input_bits=input_bits,
        weight_bits=weight_bits,
        accumulator_bits=accumulator_bits,
        worst_by_bits=k * product,
        worst_by_weights=by_weights,
        float_type=exact_type(k * product + int(offset.max()), name),
        chunk=(1 << MANTISSA["float32"]) // product,
    )


def requantised_reach(limit: Bound, scale: Rescale) -> int:
    """Largest magnitude that ``scale`` can make of this product's accumulators, saturated to int32.

    ``exact_type`` of it is the smallest float type that holds the result: the gate domain, int32, can pass float32.
    """
    largest = math.ceil(limit.worst * float(np.max(scale.real))) + 1
    return min(largest, -lowest(32))


def require_no_overflow(limit: Bound) -> None:
    """Raise NumericsError if a product of this shape could leave the accumulator."""
    if limit.can_overflow:
        raise NumericsError(
            limit.name, "accumulator", limit.worst, f"K = {limit.k} can overflow {limit.accumulator_bits} bits"
        )
