"""Real weights -> integers and the one scale that training and chip share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, cast, constant, library
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import WEIGHT_LIMIT
from nnasim.numerics.rescale import Rescale

SMALLEST_WEIGHT = 1e-6  # a channel of zeros still needs a positive scale


@dataclass(frozen=True)
class MatmulScale:
    """Scales of one matrix product: accumulator step times ``requant.real`` = output step.

    ``weight_step``: worth of one integer of a weight, float64 (N,) or (); ``acc_step``: worth of one accumulator step.
    """

    requant: Rescale
    weight_step: np.ndarray
    acc_step: np.ndarray


def matmul_scale(
    largest: np.ndarray, in_step: float, out_step: float, config: NumericsConfig, name: str = "matmul"
) -> MatmulScale:
    """Scale per output channel whose largest |weight| is ``largest`` (N,): full scale maps to the integer limit.

    The requantise multiplier is rounded to 15 (31) bits FIRST and the weight's step follows from it, so that no second,
    slightly different real scale exists anywhere.
    """
    if not np.all(np.isfinite(largest)):
        raise NumericsError(name, "weight", float(largest[~np.isfinite(largest)].flat[0]), "must be finite")
    per_channel = np.maximum(np.asarray(largest, np.float64), SMALLEST_WEIGHT)
    if not config.per_channel:
        per_channel = np.full_like(per_channel, per_channel.max())
    step = per_channel / WEIGHT_LIMIT[config.weight_bits]
    double = config.rounding == "double"
    requant = Rescale.of(in_step * step / out_step, config.multiplier_bits, double_round=double, name=name)
    acc_step = requant.real * out_step
    return MatmulScale(requant, acc_step / in_step, acc_step)


def quantise_weight(weight: Array, step: np.ndarray, bits: int) -> Array:
    """``weight`` (N, K) real -> integer-valued float64, half up, symmetric limit. ``step`` (N,).

    Division in float64 in both libraries, since x / s and x * (1 / s) differ at ties.
    """
    limit = WEIGHT_LIMIT[bits]
    scaled = cast(weight, "float64") / constant(np.asarray(step)[..., None], weight, "float64")
    return library(weight).floor(scaled + 0.5).clip(-limit, limit)


def quantise_bias(bias: Array, acc_step: np.ndarray, bits: int = 32) -> Array:
    """``bias`` (N,) real -> integer-valued float64 in accumulator steps, limited to half of an int32."""
    scaled = cast(bias, "float64") / constant(np.asarray(acc_step), bias, "float64")
    top = 2 ** (bits - 2)
    return library(bias).floor(scaled + 0.5).clip(-top, top)
