"""Products on a CPU in int8: weights scaled once, activations in a range that is found at run time.

The rule is ONNX's DynamicQuantizeLinear and MatMulInteger, as common CPU run times apply them: uint8, asymmetric, a
range that always holds 0, halves to even; all real numbers are float32. One range per vector, that is per time step,
so that a stream and a whole utterance agree bit for bit. Weights are symmetric int8, one scale per output channel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnasim.numerics.backend import Array, cast, constant, library, type_name
from nnasim.numerics.precision import EXACT, require_finite, require_one_each

LEVELS = 255  # steps from the least to the greatest uint8
WEIGHT_TOP = 127


class Dynamic(NamedTuple):
    """Integers of a dynamic quantisation, and their steps.

    ``levels`` (..., K): integer-valued, 0 is the real 0, within -255 .. 255; ``step`` (..., 1): worth of one.
    """

    levels: Array
    step: Array


def dynamic_quantise(x: Array, name: str = "activation") -> Dynamic:
    """``x`` (..., K) float32 -> its uint8 less the zero point, one range for each vector of K.

    A vector of zeros has a step of 1. Raises NumericsError for NaN and infinity.
    """
    # Divided by arrays and not by Python's numbers, whose inverse torch multiplies by on a GPU: another last bit.
    require_finite(x, name, "activation")
    low, high = _clipped(x, most=0.0), _clipped(x, least=0.0)
    spread = high - low
    step = spread / constant(np.asarray(LEVELS), spread, type_name(spread))
    step = step + (spread == 0)  # float32 plus 0 or 1
    rounded = library(x).round
    zero = rounded(-low / step).clip(0, LEVELS)
    levels = (rounded(x / step) + zero).clip(0, LEVELS) - zero
    return Dynamic(levels, step)


def _clipped(x: Array, least: float | None = None, most: float | None = None) -> Array:
    """The smallest element of each vector, at most ``most``, or the largest, at least ``least``: (..., 1)."""
    lib = library(x)
    ends = lib.amin if most is not None else lib.amax
    extremes = ends(x, axis=-1, keepdims=True) if lib is np else ends(x, dim=-1, keepdim=True)
    return extremes.clip(least, most)


def channel_quantise(weight: Array, name: str = "matmul") -> Dynamic:
    """``weight`` (N, K) float32 -> integers within -127 .. 127, one step per output channel (N, 1).

    Halves to even; a channel of zeros has a step of 1. Raises NumericsError for NaN and infinity.
    """
    require_finite(weight, name, "weight")
    largest = _clipped(abs(weight), least=0.0)
    step = largest / constant(np.asarray(WEIGHT_TOP), largest, type_name(largest))
    step = step + (largest == 0)
    return Dynamic(library(weight).round(weight / step).clip(-WEIGHT_TOP, WEIGHT_TOP), step)


def product_type(k: int) -> str:
    """The floating type in which a product over ``k`` elements is exact in any order of its sums."""
    return "float32" if k * LEVELS * WEIGHT_TOP <= EXACT["float32"] else "float64"


def dynamic_product(x: Array, weight: Dynamic, bias: Array | None = None) -> Array:
    """``x`` (..., K) float32 times int8 ``weight`` (N, K), plus ``bias`` (N,): float32 (..., N).

    The sum of integers is exact, then float32 throughout: times the product of both steps, plus bias. Raises
    NumericsError for NaN and infinity in ``x``, and for a bias of another shape.
    """
    require_one_each(bias, len(weight.levels), "dynamic_product")
    moved = dynamic_quantise(x)
    exact = product_type(x.shape[-1])
    sums = cast(moved.levels, exact) @ cast(weight.levels, exact).T
    out = cast(sums, "float32") * (moved.step * weight.step[:, 0])
    return out if bias is None else out + bias
