"""The kernels by operator, and how one is applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels import indexing, movement, pairwise, pointwise, reduction
from workloads.stepgraph.kernels.convolution import conv, conv_transpose
from workloads.stepgraph.kernels.given import Attributes
from workloads.stepgraph.kernels.normalisation import layer_normalization, log_softmax, softmax
from workloads.stepgraph.kernels.recurrent import gru, lstm

KERNELS: Mapping[str, Callable[..., Any]] = {
    **pointwise.KERNELS,
    **pairwise.KERNELS,
    **reduction.KERNELS,
    **movement.KERNELS,
    **indexing.KERNELS,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "LSTM": lstm,
    "GRU": gru,
    "Softmax": softmax,
    "LogSoftmax": log_softmax,
    "LayerNormalization": layer_normalization,
}


def apply(operator: str, attributes: Attributes, operands: Sequence[Array | None]) -> tuple[Array, ...]:
    """The outputs of a node of ``operator``; what overflows or divides by zero is infinite or NaN, as in a C library.

    Raises KeyError for an operator that is not of the vocabulary.
    """
    with np.errstate(all="ignore"):
        result = KERNELS[operator](attributes, *operands)
    return tuple(map(np.asarray, result)) if isinstance(result, tuple) else (np.asarray(result),)
