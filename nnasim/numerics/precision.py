"""The integers that a floating type holds exactly, and the library switches that silently break it."""

from __future__ import annotations

import math
from typing import Any

from nnasim.errors import NumericsError
from nnasim.numerics.backend import Array, as_type_of, library, span, type_name
from nnasim.numerics.formats import highest, lowest

EXACT = {"float32": 1 << 24, "float64": 1 << 53}  # every integer up to here is itself


def is_single(x: Array) -> bool:
    """Whether ``x`` holds its integers in float32."""
    return type_name(x) == "float32"


def require_finite(x: Array, name: str, what: str) -> None:
    """Raise NumericsError if ``x`` (floating) holds NaN or infinity; ``what`` is the operand's name."""
    for value in span(x):
        if not math.isfinite(value):
            raise NumericsError(name, what, value, "must be finite")


def require_integers(x: Array, bits: int, name: str, what: str) -> None:
    """Raise NumericsError if ``x`` holds NaN, infinity or a value that a signed integer of ``bits`` cannot hold."""
    low, high = span(x)
    if not (lowest(bits) <= low and high <= highest(bits)):
        worst = high if not high <= highest(bits) else low
        raise NumericsError(name, what, worst, f"must be finite and fit int{bits}")


def require_one_each(bias: Array | None, count: int, name: str) -> None:
    """Raise NumericsError unless ``bias`` holds ``count`` numbers: another shape would be spread over all outputs."""
    if bias is not None and tuple(bias.shape) != (count,):
        raise NumericsError(name, "bias", tuple(bias.shape), f"must have the shape ({count},)")


def require_exact_type(x: Array, name: str) -> None:
    """Raise NumericsError if a floating product of ``x`` would not be exact.

    Half types hold 11 bits and bfloat16 8; autocast and TF32 would bring them back behind the caller's back.
    """
    if type_name(x) not in EXACT:
        raise NumericsError(name, "element type", type_name(x), f"must be one of {', '.join(EXACT)} or an integer type")
    if type(x).__module__ != "torch":
        return
    torch, device = library(x), x.device.type
    if torch.is_autocast_enabled(device):
        raise NumericsError(name, "autocast", str(torch.get_autocast_dtype(device)), "must be off in exact operators")
    if is_single(x) and (mode := _float32_mode(torch)) != "highest":
        raise NumericsError(name, "float32 matmul precision", mode, "must be 'highest' (no TF32, no bfloat16)")


def _float32_mode(torch: Any) -> str:
    """The precision of float32 products: "highest", or the name of a mode that rounds their operands first."""
    try:
        return str(torch.get_float32_matmul_precision())
    except RuntimeError:  # set backend by backend, so that no one word describes them all
        modes = (backend.matmul.fp32_precision for backend in (torch.backends.mkldnn, torch.backends.cuda))
        return next((mode for mode in modes if mode not in ("none", "ieee")), "highest")


def narrow(x: Array, like: Array, bits: int, name: str) -> Array:
    """``x``, integers of ``bits``, in the element type of ``like``. Raises NumericsError if float32 is too small."""
    if is_single(like) and 1 << (bits - 1) > EXACT["float32"]:
        low, high = span(x)
        require_single_holds(max(high, -low), name, "result")
    return as_type_of(x, like)


def require_single_holds(largest: float, name: str, what: str) -> None:
    """Raise NumericsError for a float32 array whose ``largest`` magnitude is beyond its exact integers."""
    if not largest <= EXACT["float32"]:
        raise NumericsError(name, what, largest, "passes float32's exact 2^24, use float64 (numerics.bounds chooses)")
