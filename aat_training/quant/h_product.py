"""The product in the loop over time: w_h h of one step after the other, in buffers made once."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from aat_training.quant import int8_gpu
from aat_training.quant.int8_product import as_int8
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, holds_h_product


def accumulate_h(weights: LstmWeights, h: Tensor) -> Tensor:
    """h (B, H) integers -> accumulators (B, 4H), exact whatever K and the bit widths, int32, float32 or float64."""
    if weights.acc_h.reachable:
        return weights.acc_h.product(h, weights.w_h, None)
    return weights.factor_h.product(h)


class HProduct:
    """The products of one sequence that begins with ``h`` (B, H): by the int8 kernel, in float32, or as
    ``accumulate_h`` makes them.

    ``acc``: every step's accumulators (B, 4H), int32 or float32; None if each step makes its own. ``narrow``: the int8
    operand, if the int8 kernel computes; ``fed``: whether each step writes the next one there.
    """

    def __init__(self, kernel: LstmKernel, weights: LstmWeights, h: Tensor) -> None:
        self.weights, (batch, units) = weights, h.shape
        self.acc: Tensor | None = None
        self.narrow: Tensor | None = None
        self.fed = False
        layout = None if weights.acc_h.reachable else weights.factor_h.verdict(batch).layout
        if layout == "padded" and 4 * units % int8_gpu.GRANULE:
            layout = None  # sums would stand in rows of another length
        if layout is not None and (narrow := as_int8(h)) is not None:
            self._layout = layout
            self.narrow = int8_gpu.padded_input(narrow) if layout == "padded" else narrow
            self._sums = h.new_empty(len(self.narrow), 4 * units, dtype=torch.int32)
            self.acc = self._sums[:batch]
        elif holds_h_product(kernel, weights):
            self.acc = h.new_empty(batch, 4 * units)

    @cached_property
    def _w(self) -> Tensor:
        """The right operand, made when the first product needs it."""
        return self.weights.w_h.T if self.narrow is None else self.weights.factor_h.operand(self._layout)

    def __call__(self, h: Tensor) -> Tensor:
        """Integers (B, H) -> accumulators (B, 4H)."""
        if self.acc is None:
            return accumulate_h(self.weights, h)
        if self.narrow is None:
            return torch.mm(h, self._w, out=self.acc)
        if not self.fed:
            self.narrow[: len(h), : h.shape[1]].copy_(h)
        torch._int_mm(self.narrow, self._w, out=self._sums)
        return self.acc

    def own_weights(self) -> None:
        """Keep the weights in a place of their own, into which ``load`` brings others."""
        self._w = self._w.T.clone().T

    def load(self, other: HProduct, h: Tensor) -> None:
        """Take the weights of ``other``, of the same kind, and begin with ``h``."""
        self._w.copy_(other._w)
        if self.narrow is not None:
            self.narrow[: len(h), : h.shape[1]].copy_(h)
