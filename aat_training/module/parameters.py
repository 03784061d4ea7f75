"""The trained parameters: weights and biases as reals in units of their own integers, so that one rate suits all of
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aat_training.module.straight import Rounded
from nnasim.ir.trace import OpTrace, TensorSpec

_LARGEST_UNIT = 127.0


class Whole(nn.Module):
    """One weight or bias. ``forward`` gives its integers, in float64; the gradient passes through the rounding.

    The trained value is in units of ``unit`` integers: 1 for a weight; for a bias (whose integers reach 2^30) so many
    that its largest starts at 127, the range of a weight.
    """

    def __init__(self, values: NDArray[Any], spec: TensorSpec) -> None:
        super().__init__()
        whole = torch.from_numpy(values.astype(np.float64))
        self.unit = max(1.0, float(whole.abs().max()) / _LARGEST_UNIT)
        # The most negative integer is left out, as in weights; of an int32 half the range, as biases have it.
        self.limit = float((1 << (spec.bits - (2 if spec.bits > 16 else 1))) - 1)
        self.real = nn.Parameter(whole / self.unit)

    def forward(self) -> Tensor:
        """Integers of the tensor's shape."""
        integers: Tensor = Rounded.apply(self.real * self.unit, self.limit)
        return integers


def trained_parts(trace: OpTrace, constants: Mapping[str, NDArray[Any]]) -> dict[str, Whole]:
    """Every weight, bias and gain that an operation of ``trace`` reads, by tensor."""
    read = {name for graph in trace.graphs.values() for op in graph.ops for name in op.inputs}
    return {
        name: Whole(constants[name], spec)
        for name, spec in trace.tensors.items()
        if name in read and spec.role in ("weight", "bias")
    }
