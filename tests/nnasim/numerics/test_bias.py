"""A bias has a number for each output: one number, or another shape, is refused and not spread over all outputs."""

from collections.abc import Callable

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics.conv import conv
from nnasim.numerics.dynamic import channel_quantise, dynamic_product
from nnasim.numerics.layer_norm import layer_norm
from nnasim.numerics.ops import matmul
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH

X, W = np.ones((2, 3), np.int64), np.ones((4, 3), np.int64)
FORM = {"stride": (1,), "dilation": (1,), "pads": (0, 0)}
USES = {
    "matmul": lambda make, bias: matmul(make(X), make(W), make(bias), name="enc"),
    "conv": lambda make, bias: conv(make(X), make(W[:, :2, None]), make(bias), **FORM, name="enc"),
    "dynamic_product": lambda make, bias: dynamic_product(
        make(X.astype(np.float32)), channel_quantise(make(W.astype(np.float32))), make(bias.astype(np.float32))
    ),
    "layer_norm": lambda make, bias: layer_norm(make(W.T), make(np.ones(4, np.int64)), "enc", bias=make(bias)),
}


@pytest.mark.parametrize("make", NUMPY_AND_TORCH)
@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
def test_one_for_each_output_and_no_other(use: Callable[..., object], make: Callable[..., object]) -> None:
    use(make, np.ones(4, np.int64))
    for shape in ((1,), (3,), (4, 1), (1, 4), ()):
        with pytest.raises(NumericsError, match=r"bias = \(.*\): must have the shape \(4,\)"):
            use(make, np.ones(shape, np.int64))
