"""Accumulators of the input's product, without bias, into the gate domain: requantised, float64."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from aat_training.devices import on
from aat_training.quant.lstm_kernel import LstmWeights, may_saturate_input
from aat_training.quant.rounding import rescaler
from nnasim.numerics.formats import highest, lowest


def in_gate_domain(weights: LstmWeights, sums: Tensor) -> Tensor:
    """Accumulators (..., 4H) of any type -> the gate domain, float64."""
    return into_gate_domain(weights)(sums.double())


def into_gate_domain(weights: LstmWeights) -> Callable[[Tensor], Tensor]:
    """``in_gate_domain`` with its constants made once, in place, for accumulators in float64."""
    scale, saturates, device = weights.scale_x.requant, may_saturate_input(weights), weights.bias.device
    bias = weights.bias.double()
    if scale.exact_in_float:
        # Bias and half in one pass: (acc + bias) real + 1/2, each term and each sum exact in float64.
        real = on(scale.real, device)
        offset = (bias * real).add_(0.5)

        def rounded(acc: Tensor) -> Tensor:
            return torch.addcmul(offset, acc, real, out=acc).floor_()

    else:
        requant = rescaler(scale)

        def rounded(acc: Tensor) -> Tensor:
            return acc.copy_(requant(acc.add_(bias)))

    def in_place(acc: Tensor) -> Tensor:
        wide = rounded(acc)
        return wide.clamp_(lowest(32), highest(32)) if saturates else wide

    return in_place
