"""What ONNX does not have: an LSTM's projection; and the types that kernels keep."""

import numpy as np
import pytest

from workloads.stepgraph.graph import Array
from workloads.stepgraph.kernels.pointwise import sigmoid
from workloads.stepgraph.kernels.table import apply


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_an_lstm_with_projection_is_torchs() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    module = torch.nn.LSTM(4, 6, proj_size=3)
    x, h, c = torch.randn(5, 2, 4), torch.randn(1, 2, 3), torch.randn(1, 2, 6)
    with torch.no_grad():
        y, (last_h, last_c) = module(x, (h, c))

    def in_onnx_order(name: str) -> Array:
        i, f, g, o = np.split(getattr(module, name).detach().numpy(), 4)
        return np.concatenate([i, o, f, g])[None]

    weight, recurrence = in_onnx_order("weight_ih_l0"), in_onnx_order("weight_hh_l0")
    bias = np.concatenate([in_onnx_order("bias_ih_l0"), in_onnx_order("bias_hh_l0")], 1)
    projection = module.weight_hr_l0.detach().numpy()[None]
    operands = [x.numpy(), weight, recurrence, bias, None, h.numpy(), c.numpy(), None, projection]
    results = apply("LSTM", {"hidden_size": 6}, operands)
    for ours, theirs in zip(results, (y[:, None], last_h, last_c), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)


def test_a_place_beyond_the_table_is_an_error_and_no_other_row() -> None:
    table = np.zeros((4, 2), np.float32)
    for operator, places in (("Gather", np.array([4])), ("GatherElements", np.array([[-5, 0]]))):
        with pytest.raises(IndexError):
            apply(operator, {"axis": 0}, [table, places])


def test_negative_paddings_of_one_axis_cut_and_of_another_extend() -> None:
    (result,) = apply("Pad", {"mode": "constant"}, [np.ones((2, 3)), np.array([1, -1, 0, -1])])
    assert result.tolist() == [[0], [1], [1]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sigmoid_reaches_its_ends_without_overflow(dtype: str) -> None:
    x = np.array([-np.inf, -1e4, -89, -1, 0, 1, 89, 1e4, np.inf], dtype)
    y = sigmoid(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, [0, 0, np.exp(-89.0), 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1, 1, 1], rtol=1e-5)
