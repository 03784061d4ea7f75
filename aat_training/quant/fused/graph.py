"""The loop over time on a GPU as a CUDA graph: some steps are captured once and replayed along the sequence.

A step is a product and a kernel, microseconds each, and asking for them one by one costs as much again. A stretch of
``STEPS`` steps has buffers of its own, so that one capture serves sequences of any length; steps that are left over run
one by one. Captured once for each layer, number of utterances and kind of product.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from aat_training.quant.float_product import add_product
from aat_training.quant.fused import steps
from aat_training.quant.fused.steps import FusedForward, fused_backward
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights
from aat_training.quant.lstm_trail import Trail

STEPS = 16  # of a stretch
MOST_STRETCHES = 16  # of a layer; beyond, the oldest is forgotten
PARTS = "h", "gates", "c", "tc", "slopes", "c_slopes", "c_inside"  # of a trail
Replay = Callable[[], Any]


def captured(work: Callable[[], None], device: torch.device) -> Replay:
    """``work`` as a CUDA graph; it has run once when it returns.

    Raises RuntimeError if something in it cannot be.
    """
    aside = torch.cuda.Stream(device)
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        work()  # compiles kernels, and makes what cuBLAS keeps
    torch.cuda.current_stream(device).wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def obstacle(device: torch.device) -> str | None:
    """The reason why steps run one by one on ``device``; None if a graph can be captured there."""
    if device.type != "cuda":
        return f"no graphs on {device.type}"
    return steps.obstacle(device) or _found_obstacle(device)


@cache
def _found_obstacle(device: torch.device) -> str | None:
    number = torch.zeros(1, device=device)

    def count() -> None:
        number.add_(1)

    try:
        captured(count, device)()
    except RuntimeError as error:
        return f"no capture: {' '.join(str(error).split())[:200]}"
    return None if number.tolist() == [2.0] else "a captured step does not run"


class ForwardStretch:
    """``STEPS`` steps of a layer, with what they read and write in places of their own."""

    def __init__(
        self, kernel: LstmKernel, weights: LstmWeights, c: Tensor, *, keep: bool
    ) -> None:  # fmt: skip
        batch, units = c.shape
        self.h, self.c = c.new_zeros(batch, units, dtype=torch.float32), c.clone()
        self.gx = c.new_zeros(STEPS, batch, 4 * units, dtype=torch.int32)
        self.trail = Trail.empty(STEPS, batch, units, keep=keep, device=c.device)
        self.product = HProduct(kernel, weights, self.h)
        self.product.own_weights()
        self.product.fed = self.product.narrow is not None
        self.step = FusedForward(kernel, weights, self.gx, self.product.narrow, self.c, self.trail)
        self.replay = captured(self._run, c.device)

    def _run(self) -> None:
        h = self.h
        for t in range(STEPS):
            self.step(t, self.product(h))
            h = self.trail.h[t]
        self.h.copy_(h)

    def load(self, step: FusedForward, product: HProduct, h: Tensor, c: Tensor) -> None:
        """Take the weights that ``step`` and ``product`` have, and begin with h and c."""
        self.product.load(product, h)
        self.step.mult.copy_(step.mult)
        self.step.shift.copy_(step.shift)
        self.h.copy_(h)
        self.c.copy_(c)

    def __call__(self, gx_SBG: Tensor, trail: Trail, first: int) -> None:
        """Run along the input's share of the steps from ``first`` on, and leave them in ``trail``."""
        self.gx.copy_(gx_SBG)
        self.replay()
        for name in PARTS if trail.slopes is not None else PARTS[:1]:
            getattr(trail, name)[first : first + STEPS].copy_(getattr(self.trail, name))


def run_stretches(step: object, weights: LstmWeights, product: HProduct, h: Tensor, c: Tensor) -> tuple[int, Tensor]:
    """Run as many whole stretches as there are; returns the next step, and the h that it reads.

    Runs nothing, and returns step 0, except for a ``FusedForward`` without norms on a device that captures.
    """
    if not isinstance(step, FusedForward) or step.gain is not None or product.acc is None:
        return 0, h
    whole = len(step.gx) // STEPS * STEPS
    if not whole or obstacle(h.device) is not None:
        return 0, h
    keep = step.trail.slopes is not None
    key = "forward", h.device, *h.shape, keep, product.acc.dtype
    stretch = _kept(step.kernel, key, lambda: ForwardStretch(step.kernel, weights, c, keep=keep))
    if stretch is None or stretch.product.acc.dtype != product.acc.dtype:
        return 0, h
    stretch.load(step, product, h, c)
    for first in range(0, whole, STEPS):
        stretch(step.gx[first : first + STEPS], step.trail, first)
    c.copy_(stretch.c)
    last = step.trail.h[whole - 1]
    if product.narrow is not None:
        product.narrow[: len(h), : h.shape[1]].copy_(last)
    return whole, last


class BackwardStretch:
    """``STEPS`` steps back of a layer, with what they read and write in places of their own."""

    def __init__(self, trail: Trail, w_h: Tensor, dh: Tensor) -> None:
        batch, units = dh.shape
        self.trail = Trail.empty(STEPS, batch, units, keep=True, device=dh.device)
        for name in PARTS:
            getattr(self.trail, name).zero_()
        self.w_h, self.dh, self.dc, self.c0 = w_h.clone(), dh.clone(), torch.zeros_like(dh), torch.zeros_like(dh)
        self.into_h = dh.new_zeros(STEPS, batch, units)
        self.dz = dh.new_zeros(STEPS, batch, 4 * units)
        step = fused_backward(self.trail, self.c0, self.dh, self.dc, self.dz)
        assert step is not None
        self.step = step
        self.replay = captured(self._run, dh.device)

    def _run(self) -> None:
        for t in range(STEPS - 1, -1, -1):
            self.step(t)
            add_product(self.into_h[t], self.dz[t], self.w_h, self.dh)

    def __call__(self, trail: Trail, c0: Tensor, into_h: Tensor, first: int, dz_TBG: Tensor) -> None:
        """Run the steps from ``first`` on, last one first; ``into_h``: the loss's contribution to d h before each of
        them.
        """
        these = slice(first, first + STEPS)
        for name in PARTS[1:]:
            getattr(self.trail, name).copy_(getattr(trail, name)[these])
        self.c0.copy_(trail.c[first - 1] if first else c0)
        self.into_h.copy_(into_h)
        self.replay()
        dz_TBG[these].copy_(self.dz)


def run_stretches_back(
    kernel: LstmKernel, trail: Trail, w_h: Tensor, c0: Tensor, dh_TBH: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor
) -> int:
    """Run as many whole stretches as there are, from the end; returns how many steps are left before them.

    ``dh``, ``dc``: of the last step, moved back in place. Does nothing on a device that does not capture.
    """
    count = len(dh_TBH)
    if count < STEPS or obstacle(dh.device) is not None:
        return count
    stretch = _kept(kernel, ("backward", dh.device, *dh.shape), lambda: BackwardStretch(trail, w_h, dh))
    if stretch is None:
        return count
    stretch.w_h.copy_(w_h)
    stretch.dh.copy_(dh)
    stretch.dc.copy_(dc)
    left = count % STEPS
    for first in range(count - STEPS, left - 1, -STEPS):
        before = dh_TBH[max(0, first - 1) : first + STEPS - 1]
        before = before if first else torch.cat([torch.zeros_like(dh)[None], before])
        stretch(trail, c0, before, first, dz_TBG)
    dh.copy_(stretch.dh)
    dc.copy_(stretch.dc)
    return left


def _kept(kernel: LstmKernel, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
    """The stretch of ``key``, made once; None if it could not be captured, which is not tried again."""
    stretches = kernel.stretches
    if key not in stretches:
        if len(stretches) >= MOST_STRETCHES:
            del stretches[next(iter(stretches))]
        try:
            stretches[key] = make()
        except RuntimeError:
            stretches[key] = None
    return stretches[key]
