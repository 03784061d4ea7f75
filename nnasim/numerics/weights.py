"""Real numbers -> integers, and the one scale that training and chip share: weights, biases, the model's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, Constants, cast, constant, library
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.precision import require_finite
from nnasim.numerics.rescale import Rescale

SMALLEST_WEIGHT = 1e-6  # a channel of zeros still needs a positive scale


@dataclass(frozen=True)
class MatmulScale:
    """Scales of one matrix product: accumulator step times ``requant.real`` = output step.

    ``weight_step``: worth of one integer of a weight, float64 (N,) or (); ``acc_step``: worth of one accumulator step.
    """

    requant: Rescale
    weight_step: Constants
    acc_step: Constants


def matmul_scale(
    largest: Constants, in_step: float, out_step: float, config: NumericsConfig, name: str = "matmul"
) -> MatmulScale:
    """Scale per output channel whose largest |weight| is ``largest`` (N,): full scale maps to the integer limit.

    The requantise multiplier is rounded to 15 (31) bits FIRST and the weight's step follows from it, so that no second,
    slightly different real scale exists anywhere. Raises NumericsError for NaN, infinity and scales beyond the format.
    """
    if not np.all(np.isfinite(largest)):
        raise NumericsError(name, "weight", float(largest[~np.isfinite(largest)].flat[0]), "must be finite")
    per_channel = np.maximum(np.asarray(largest, np.float64), SMALLEST_WEIGHT)
    if not config.per_channel:
        per_channel = np.full_like(per_channel, per_channel.max())
    step = per_channel / WEIGHT_LIMIT[config.weight_bits]
    requant = Rescale.of(in_step * step / out_step, config.multiplier_bits, rounding=config.rounding, name=name)
    acc_step = requant.real * out_step
    return MatmulScale(requant, acc_step / in_step, acc_step)


def _steps(values: Array, step: Array, low: int, high: int) -> Array:
    """``values / step`` half up, limited. Division in float64, since x / s and x * (1 / s) differ at ties."""
    scaled = cast(values, "float64") / step
    return library(values).floor(scaled + 0.5).clip(low, high)


def quantise_weight(weight: Array, step: Constants, bits: int, name: str = "matmul") -> Array:
    """``weight`` (N, K) real -> integer-valued float64, half up, symmetric limit. ``step`` (N,).

    Raises NumericsError for NaN and infinity.
    """
    require_finite(weight, name, "weight")
    limit = WEIGHT_LIMIT[bits]
    return _steps(weight, constant(np.asarray(step)[..., None], weight, "float64"), -limit, limit)


def quantise_bias(bias: Array, acc_step: Constants, bits: int = 32, name: str = "matmul") -> Array:
    """``bias`` (N,) real -> integer-valued float64 in accumulator steps, limited to half of an int``bits``.

    Raises NumericsError for NaN and infinity.
    """
    require_finite(bias, name, "bias")
    top = 1 << (bits - 2)
    return _steps(bias, constant(np.asarray(acc_step), bias, "float64"), -top, top)


def quantise_input(x: Array, step: float | Constants, bits: int, zero_point: int = 0, name: str = "input") -> Array:
    """The model's input ``x`` (..., F) real -> integer-valued float64 of ``bits``: half up, plus zero point, saturated.

    ``step``: worth of one integer, a number or (F,). The only place where a zero point other than 0 is allowed.
    Raises NumericsError for NaN and infinity, a step that is not positive, a zero point beyond ``bits``.
    """
    require_finite(x, name, "activation")
    if not np.all(np.isfinite(step)) or not np.all(np.asarray(step) > 0):
        raise NumericsError(name, "step", float(np.min(step)), "must be finite and positive")
    if not lowest(bits) <= zero_point <= highest(bits):
        raise NumericsError(name, "zero_point", zero_point, f"must fit int{bits}")
    low, high = lowest(bits) - zero_point, highest(bits) - zero_point
    return _steps(x, constant(np.asarray(step), x, "float64"), low, high) + zero_point
