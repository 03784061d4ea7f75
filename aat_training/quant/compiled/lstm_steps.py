"""``lstm_steps.c`` by ctypes: which layers it covers, and its arguments. None means: use plain PyTorch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aat_training.quant.compiled import build
from aat_training.quant.compiled.call import by_number, fields, pointers, rows_of_a_thread, shared_out
from aat_training.quant.compiled.packed import SOURCE
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, may_saturate_gate, may_saturate_input
from aat_training.quant.lstm_trail import Trail
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.weights import MatmulScale

TILE_ROWS = 4  # rows that lstm_steps.c multiplies at once


class _Forward(ctypes.Structure):
    _fields_ = fields(
        "batch units steps rows next keep",
        "acc whole_acc gx whole_gx bias requant_x requant gate_entries cell_values cell_slopes",
        "forget input cell output c_low c_high h_low h_high c_step",
        "c h narrow gates c_kept tc slopes c_slopes c_inside index share packed offsets shifted sums",
    )


@dataclass(frozen=True)
class CompiledForward:
    """The point-wise half of one step; ``every``: that of all steps with their products, where it is compiled."""

    step: Callable[..., None]
    every: Callable[[], None] | None

    def __call__(self, t: int, acc: Tensor) -> None:
        """Accumulators of step ``t``, where they were announced -> the trail and the cell state."""
        self.step(t)


def available() -> bool:
    """Whether the compiled part is wanted and could be built."""
    return build.enabled() and build.load(SOURCE) is not None


def state() -> str:
    """A line that says which of the two implementations computes, and why."""
    if not build.enabled():
        return "plain PyTorch (NNASIM_COMPILED=0)"
    library = build.load(SOURCE)
    return "plain PyTorch (no C compiler, or no build)" if library is None else f"compiled ({library._name})"


def covers(kernel: LstmKernel, weights: LstmWeights) -> bool:
    """Whether every scale is exact in double and no intermediate value of this layer can saturate.

    Left out: 31-bit multipliers, double rounding, products or sums that might leave int32, and layer norm.
    """
    if weights.gain_h is not None:
        return False
    cell, top, state = kernel.cell, 1.0 / kernel.sigmoid.step, float(-lowest(kernel.cell.cell_bits))
    scales = cell.keep, cell.update, cell.cell, cell.output, weights.scale_h.requant
    if not all(scale.exact_in_float for scale in scales):
        return False
    reach = top * state * float(cell.keep.real) + top * top * float(cell.update.real) + 2
    return reach <= highest(32) and not may_saturate_gate(weights)


def loops(kernel: LstmKernel, weights: LstmWeights) -> bool:
    """Whether all steps of a layer are one call where h is multiplied in int8."""
    return available() and covers(kernel, weights) and weights.packed_h is not None


def takes_sums(kernel: LstmKernel, weights: LstmWeights) -> bool:
    """Whether a step rounds the input's accumulators itself, which spares a pass over all of them."""
    if not (available() and covers(kernel, weights)) or weights.acc_x.reachable or may_saturate_input(weights):
        return False
    return weights.scale_x.requant.exact_in_float


def _reals(scale: MatmulScale) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(scale.requant.real))


def compiled_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, product: HProduct, c: Tensor, trail: Trail
) -> CompiledForward | None:
    """A step that reads ``product.acc`` and writes the trail and ``c``; None where it does not apply.

    ``gx_TBG``: the gate domain, or the accumulators of a layer of which ``takes_sums`` is true.
    """
    acc = product.acc
    if acc is None or not (c.is_cpu and available() and covers(kernel, weights)):
        return None
    whole, sums = acc.dtype == torch.int32, gx_TBG.dtype == torch.int32
    cell, sigmoid, tanh = kernel.cell, kernel.sigmoid.step, kernel.tanh_c.step
    tensors = {
        "acc": None if whole else acc, "whole_acc": acc if whole else None,
        "gx": None if sums else gx_TBG.contiguous(), "whole_gx": gx_TBG.contiguous() if sums else None,
        "bias": weights.bias.double(), "requant_x": _reals(weights.scale_x), "requant": _reals(weights.scale_h),
        "gate_entries": kernel.gate_entries, "cell_values": kernel.cell_values, "cell_slopes": kernel.tanh_c.slopes,
        "c": c, "h": trail.h, "narrow": product.narrow, "gates": trail.gates,
        "c_kept": trail.c, "tc": trail.tc, "slopes": trail.slopes, "c_slopes": trail.c_slopes,
        "c_inside": trail.c_inside, "index": torch.empty(acc.shape, dtype=torch.int32),
        "share": torch.empty(acc.shape, dtype=torch.float64),
    }  # fmt: skip
    loop = weights.packed_h if whole else None
    if loop is not None:
        more = {"packed": loop.weight, "offsets": loop.offsets, "shifted": loop.shifted(len(c)), "sums": acc}
        tensors |= more
    product.fed = product.narrow is not None
    # Gates arrive as real numbers: powers of two bring them back to integers, exactly.
    arguments = _Forward(
        batch=len(c), units=c.shape[1], steps=len(trail.h), next=0, keep=trail.slopes is not None,
        forget=float(cell.keep.real) / sigmoid, input=float(cell.update.real) / sigmoid**2,
        cell=float(cell.cell.real), output=float(cell.output.real) / (sigmoid * tanh),
        c_low=lowest(cell.cell_bits), c_high=highest(cell.cell_bits), h_low=lowest(cell.act_bits),
        h_high=highest(cell.act_bits), c_step=cell.cell_scale, **pointers(tensors),
    )  # fmt: skip
    owners = arguments, tensors
    step = by_number(SOURCE, "nnasim_lstm_forward", arguments, owners)
    if loop is None:
        return CompiledForward(step, None)
    arguments.rows = rows_of_a_thread(len(c), TILE_ROWS, products=len(gx_TBG) * weights.w_h.numel())

    def every() -> None:
        _ = owners  # tensors live as long as pointers to them
        shared_out(SOURCE, "nnasim_lstm_forward_all", arguments)

    return CompiledForward(step, every)
