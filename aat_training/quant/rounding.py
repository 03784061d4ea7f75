"""The chip's rounding inside float training: values of ``nnasim.numerics``, gradients straight through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aat_training.devices import CPU, numpy_of, on
from aat_training.quant.compiled.rounded import rounded
from nnasim.numerics.backend import Constants
from nnasim.numerics.bounds import bound
from nnasim.numerics.formats import H_FRAC, highest, lowest
from nnasim.numerics.precision import require_exact_type
from nnasim.numerics.rescale import Rescale, rescale

BLOCK = 1 << 17  # elements that are rounded at once
BIAS_LIMIT = 1 << 30  # half of an int32, as quantise_bias has it


def rescaler(scale: Rescale) -> Callable[[Tensor], Tensor]:
    """``rescale`` with its constants made once: integer-valued tensor -> float64 integers, not yet saturated."""
    if scale.exact_in_float:
        real = on(scale.real, CPU)

        def at_once(value: Tensor) -> Tensor:
            return (value.double() * real.to(value.device)).add_(0.5).floor_()

        return at_once
    return lambda value: rescale(value.double(), scale)


def rescaler_(
    scale: Rescale, bits: int, largest: float | None = None, device: torch.device = CPU
) -> Callable[[Tensor], Tensor]:
    """``requantise`` in place, for float64 integers on ``device`` of at most ``largest`` (None: of any size).

    Saturation is left out where ``largest`` proves that nothing can saturate.
    """
    saturates = largest is None or largest * float(np.max(scale.real)) + 1 > highest(bits)
    real, half = on(scale.real, device), on(np.float64(0.5), device)
    whole = is_whole(scale)

    def in_place(value: Tensor) -> Tensor:
        if not scale.exact_in_float:
            value.copy_(rescale(value, scale))
        elif whole:
            value.mul_(real)
        else:
            torch.addcmul(half, value, real, out=value).floor_()
        return value.clamp_(lowest(bits), highest(bits)) if saturates else value

    return in_place


def is_whole(scale: Rescale) -> bool:
    """Whether ``scale`` leaves nothing of an integer to round."""
    return bool(np.all(scale.real == np.floor(scale.real)))


def holds_in_single(scale: Rescale, largest: float) -> bool:
    """Whether float32 holds ``scale`` times every integer of at most ``largest``, and a half beside it."""
    mult, shift = int(scale.mult), int(scale.shift)
    zeros = min(shift, (mult & -mult).bit_length() - 1)
    return scale.exact_in_float and largest * (mult >> zeros) + 2.0 ** (shift - zeros - 1) < 1 << 24


def rounded_product(
    scale: Rescale, bits: int, largest: float, units: float, like: Tensor
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """A function of a, b and ``out`` that writes ``requantise`` of the integer ``units`` a b, at most ``largest``.

    ``units``: a power of two. All are floats of the type and device of ``like``, which must hold the exact product.
    """
    real, exact, whole = float(scale.real), scale.exact_in_float, is_whole(scale)
    saturates = largest * real + (0.5 if exact else 1) >= highest(bits) + 1
    nothing, half, factor = like.new_zeros(()), like.new_full((), 0.5), real * units

    def product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
        if not exact:
            out.copy_(rescale(torch.addcmul(nothing, a, b, value=units, out=out), scale))
        elif whole:
            torch.addcmul(nothing, a, b, value=factor, out=out)
        else:
            torch.addcmul(half, a, b, value=factor, out=out).floor_()
        return out.clamp_(lowest(bits), highest(bits)) if saturates else out

    return product


class Requantise(torch.autograd.Function):
    """``requantise``; gradient ``real`` where the result is inside its type, zero where it saturates."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, scale: Rescale, bits: int) -> Tensor:  # noqa: D102
        wide = rescaler(scale)(value)
        out = wide.clamp(lowest(bits), highest(bits))
        ctx.save_for_backward(wide == out)
        ctx.real = on(np.asarray(scale.real, np.float32), value.device)
        return out.to(value.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # noqa: D102
        (inside,) = ctx.saved_tensors
        return grad * inside * ctx.real.to(grad.dtype), None, None


class Quantise(torch.autograd.Function):
    """A parameter -> integers, by ``numbers`` computed outside; gradient 1 / step, zero where it was clipped."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, integers: Tensor, step: Tensor, limit: float) -> Tensor:  # noqa: D102
        ctx.save_for_backward(value.double().abs() <= (limit + 0.5) * step, step)
        return integers

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: D102
        inside, step = ctx.saved_tensors
        return (grad * inside / step).to(torch.float32), None, None, None


def integers(value: Tensor, step: Constants, limit: float) -> Tensor:
    """``quantise_weight`` and ``quantise_bias`` of finite values: half up, limited, float32.

    Division in float64, since x / s and x * (1 / s) differ at ties. ``step``: of each row (N, 1), or broadcast.
    """
    divisor = on(step, value.device)
    by_row = value.dim() == 2 and divisor.shape == (len(value), 1)
    if by_row and (made := rounded(value, divisor.view(-1), limit)) is not None:
        return made
    out = torch.empty_like(value, dtype=torch.float32)
    rows = max(1, BLOCK // value.shape[1]) if by_row and value.numel() else max(1, len(value))
    parts = zip(value.split(rows), divisor.split(rows) if by_row else (divisor,), out.split(rows), strict=True)
    for part, worth, place in parts:  # in pieces that a cache holds: memory that is new each time costs more than sums
        place.copy_(part.double().div_(worth).add_(0.5).floor_().clamp_(-limit, limit))
    return out


def handed_over_(real: Tensor, bits: int) -> Tensor:
    """float32 in [-1, 1] -> integers of ``bits``, half up, saturated, as the chip is given them; in place.

    floor(2^n x + 1/2) would round its sum in float32; floor((floor(2^(n+1) x) + 1) / 2) is the same integer, and every
    step of it is exact.
    """
    doubled = real.mul_(2.0 ** (H_FRAC[bits] + 1)).floor_()
    return doubled.add_(1).mul_(0.5).floor_().clamp_(lowest(bits), highest(bits))


def not_saturated(real: Tensor, bits: int) -> Tensor:
    """A mask, true where ``handed_over_`` leaves a value in [-1, 1] within its type: everywhere but near 1."""
    return real < (highest(bits) + 0.5) * 2.0 ** -H_FRAC[bits]


def largest_rows(weight: Tensor) -> np.ndarray:
    """Largest |weight| of each row (N,), float64; NaN and infinity stay visible."""
    rows = weight.detach()
    return numpy_of(torch.maximum(rows.amax(1), rows.amin(1).neg_()).double())


def exact_matmul(x: Tensor, weight: Tensor, input_bits: int, weight_bits: int, name: str) -> Tensor:
    """``x`` (..., K) times ``weight`` (N, K) transposed, exact: float32, float32 in chunks of K, or float64.

    Both hold integers in float32. The choice follows from K and the bit widths (``bounds``), never from trying.
    Raises NumericsError under autocast, TF32 or bfloat16 products.
    """
    require_exact_type(x, name)
    limit = bound(name, weight.shape[1], input_bits, weight_bits, 32)
    if limit.float_type == "float32":
        return x @ weight.T
    if input_bits > 8 or limit.chunk < 1024:
        return x.double() @ weight.T.double()
    parts = zip(x.split(1024, -1), weight.split(1024, -1), strict=True)
    return sum((a @ b.T).double() for a, b in parts)  # type: ignore[return-value]
