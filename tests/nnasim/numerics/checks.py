"""What the arithmetic must satisfy, as functions that assert. The tests call them, and so does the test of the tests:
every mutant of the arithmetic must make at least one of them fail (test_mutants.py).

The expected side uses nothing but Python integers, `//` and plain indexing: no shift, no float, no code under test.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from nnasim.numerics import activation, bounds, ops, rescale
from nnasim.numerics.formats import highest, lowest
from tests.proof import ours
from tests.proof.freeze_vectors import load

torch: Any = import_module("torch") if find_spec("torch") else None  # without it the laws are held to numpy alone

NUMPY = (
    lambda values: np.asarray(values, np.int64),
    lambda values: np.asarray(values, np.float64),
    lambda values: np.asarray(values, np.float32),
)
TORCH = (
    lambda values: torch.tensor(np.asarray(values, np.int64)),
    lambda values: torch.tensor(np.asarray(values), dtype=torch.float64),
    lambda values: torch.tensor(np.asarray(values), dtype=torch.float32),
)
NUMPY_AND_TORCH = NUMPY + TORCH if torch else NUMPY
ARRAYS = (np.array, torch.tensor) if torch else (np.array,)  # element types as numpy's and torch's own
WIDE = (*ARRAYS, *(lambda values, make=make: make(np.asarray(values, np.float64)) for make in ARRAYS))


def equal(actual: object, expected: object) -> None:
    """Assert integer equality, whatever library and element type ``actual`` has."""
    np.testing.assert_array_equal(np.asarray(actual).astype(np.int64), np.asarray(expected, np.int64))


def half_up(numerator: np.ndarray, denominator: int) -> np.ndarray:
    """numerator / denominator rounded to the nearest integer, half towards plus infinity (exact for int64)."""
    return (2 * np.asarray(numerator, np.int64) + denominator) // (2 * denominator)


def every_tie_at_powers_of_two() -> None:
    """All int14 at scales 2^-1 .. 2^-12: among them every tie, of either sign."""
    values = np.arange(-8192, 8192)
    for exponent in range(1, 13):
        for make in NUMPY_AND_TORCH:
            rounded = rescale.requantise(make(values), rescale.power_of_two(-exponent), 16)
            equal(rounded, half_up(values, 1 << exponent))


def saturation_at_every_width() -> None:
    """Beyond the output type comes its limit, never a wrapped value."""
    for bits in (8, 16):
        values = np.arange(lowest(bits) * 3, highest(bits) * 3, max(1, 1 << (bits - 8)))
        for make in NUMPY_AND_TORCH:
            saturated = rescale.requantise(make(values), rescale.power_of_two(0), bits)
            equal(saturated, [min(max(int(v), lowest(bits)), highest(bits)) for v in values])


def tables_by_plain_indexing() -> None:
    """Every int8 through a random table; every int16 through one of 513 entries."""
    rng = np.random.default_rng(5)
    small, large = rng.integers(-128, 128, 256), rng.integers(-16384, 16384, 513)
    lut8 = activation.ActivationUnit(activation.unit_kind("lut8"), "tanh", ours.IDENTITY, {"table": small})
    lut16 = activation.ActivationUnit(activation.unit_kind("lut16"), "tanh", ours.IDENTITY, {"table": large})
    place = np.arange(65536)
    low, high, part = large[place // 128], large[place // 128 + 1], place % 128
    for make in NUMPY_AND_TORCH:
        equal(lut8(make(np.arange(-128, 128))), small)
        equal(lut16(make(place - 32768)), half_up(low * 128 + (high - low) * part, 128))


def sums_are_exact_where_the_bound_says_so() -> None:
    """Same-sign full-scale operands, and the same cancelled to nothing: K below, at and above float32's limit."""
    for k in (8, 1032, 1033, 2048):
        float_type = bounds.bound("check", k, 8, 8, 32).float_type
        x = np.full((1, k), -128)
        # Odd weights make odd partial sums; the second row cancels, so that only its partial sums are large.
        weight = np.stack([np.full(k, -127), np.where(np.arange(k) < k // 2, -127, 127)])
        for make in ARRAYS:
            product = ops.matmul(make(x.astype(float_type)), make(weight.astype(float_type)))
            equal(product, [[sum(-128 * int(w) for w in row) for row in weight]])
    odd = np.full((1, 2048), 127)  # 127 x 127 is odd: beyond 2^24 every second sum is lost
    float_type = bounds.bound("check", 2047, 8, 8, 32).float_type
    equal(ops.matmul(odd[:, :2047].astype(float_type), odd[:, :2047].astype(float_type)), [[2047 * 127 * 127]])


def frozen_vectors() -> None:
    """What Arm's reference model answered, stored in tests/proof/vectors.json."""
    for case, expected in load():
        for actual, stored in zip(ours.OPERATORS[case.operator](case), expected, strict=True):
            np.testing.assert_array_equal(actual, stored, err_msg=f"{case.operator}, {case.name}")


ALL = (
    every_tie_at_powers_of_two,
    saturation_at_every_width,
    tables_by_plain_indexing,
    sums_are_exact_where_the_bound_says_so,
    frozen_vectors,
)
