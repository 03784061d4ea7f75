"""The loop over time, forward: one matrix product a step, and the point-wise half in PyTorch or compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from aat_training.quant.compiled.lstm_steps import CompiledForward, available, compiled_forward, covers, takes_sums
from aat_training.quant.fused.graph import run_stretches
from aat_training.quant.fused.steps import fused_forward, obstacle
from aat_training.quant.gate_domain import in_gate_domain
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights
from aat_training.quant.lstm_torch import TorchForward
from aat_training.quant.lstm_trail import Trail
from aat_training.quant.rounding import rescaler
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.precision import require_exact_type

Step = Callable[[int, Tensor], None]


def project_input(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """x (T, B, I) integers -> the gate domain (T, B, 4H), int32 values in float64."""
    scale = weights.scale_x.requant
    if weights.acc_x.reachable:
        acc = rescaler(scale)(weights.acc_x.product(x, weights.w_x, weights.bias))
        return acc.clamp_(lowest(32), highest(32))
    return in_gate_domain(weights, weights.factor_x.product(x))


def input_product(kernel: LstmKernel, weights: LstmWeights, x: Tensor) -> Tensor:
    """``project_input``, or the accumulators, in int32 or float32, where each step can round its own."""
    if weights.acc_x.reachable or weights.gain_x is not None or obstacle(x.device) is None:
        return project_input(kernel, weights, x)
    sums = weights.factor_x.product(x)
    compiled = x.is_cpu and available() and covers(kernel, weights)
    taken = sums.dtype == torch.int32 and takes_sums(kernel, weights) if compiled else sums.dtype != torch.float64
    return sums if taken else in_gate_domain(weights, sums)


def input_share(weights: LstmWeights, gx_TBG: Tensor) -> Tensor:
    """The contribution of the input to the gates: its product, normalised if the layer has a norm."""
    return gx_TBG if weights.gain_x is None else weights.gain_x(gx_TBG)


def run_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, h: Tensor, c: Tensor, *, keep: bool
) -> tuple[Tensor, Tensor, Trail]:
    """h, c (B, H) integers -> h of every step (T, B, H), the last c, and what backward needs where ``keep``.

    ``gx_TBG``: the input's product in the gate domain, float64, before its norm where the layer has one; or its
    accumulators as ``input_product`` leaves them.
    """
    require_exact_type(h, f"{kernel.name}.h_mm")
    kernel = kernel.on(h.device)
    steps, (batch, units) = len(gx_TBG), h.shape
    trail, cell = Trail.empty(steps, batch, units, keep=keep, device=h.device), c.double()
    if keep and weights.gain_h is not None:
        trail = replace(trail, x_share=gx_TBG, h_share=torch.empty_like(gx_TBG))
    product = HProduct(kernel, weights, h)
    step = _first_step(kernel, weights, gx_TBG, product, cell, trail)
    if isinstance(step, CompiledForward) and step.every is not None:
        step.every()
        return trail.h, cell.float(), trail
    done, h = run_stretches(step, weights, product, h, cell)
    for t in range(done, steps):
        step(t, product(h))
        h = trail.h[t]
    if keep and isinstance(step, TorchForward):
        trail = replace(trail, index=step.index, c_index=step.c_index)
    return trail.h, cell.float(), trail


def _first_step(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, product: HProduct, cell: Tensor, trail: Trail
) -> Step:
    """The point-wise half by the first that can: a kernel of the GPU's, the compiled part, PyTorch."""
    if gx_TBG.dtype == torch.int32:
        step = compiled_forward(kernel, weights, gx_TBG, product, cell, trail)
        if step is not None:
            return step
    if gx_TBG.dtype != torch.float64:
        return TorchForward(kernel, weights, gx_TBG, cell, trail)
    gx_TBG = input_share(weights, gx_TBG)
    return (
        fused_forward(kernel, weights, gx_TBG, product, cell, trail)
        or compiled_forward(kernel, weights, gx_TBG, product, cell, trail)
        or TorchForward(kernel, weights, gx_TBG, cell, trail)
    )
