"""Every kernel computes what onnxruntime computes, over shapes, attributes and the corners of each operator."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workloads.onnx_models import close, helper, of_one_node
from workloads.stepgraph.graph import OPERATORS, Array, Pairwise, PointWise
from workloads.stepgraph.kernels.table import KERNELS, apply

F = np.float32
SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=25, deadline=None)


def agree(
    operator: str,
    *operands: Array | None,
    outputs: int = 1,
    within: float = 1e-5,
    opset: int | None = None,
    **attributes: Any,
) -> None:
    given = dict(attributes)
    if "to" in given:
        given["to"] = helper.np_dtype_to_tensor_dtype(np.dtype(given["to"]))
    theirs = of_one_node(operator, operands, given, outputs, opset or (20 if operator == "Gelu" else 17))
    ours = apply(operator, attributes, operands)
    for one, other in zip(ours, theirs, strict=True):
        close(one, other, within)


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def floats(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape).astype(F)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def test_every_operator_of_the_vocabulary_has_a_kernel() -> None:
    assert set(KERNELS) == set(OPERATORS)


DEFAULTS: dict[str, dict[str, Any]] = {
    "Elu": {"alpha": 0.7},
    "Gelu": {"approximate": "none"},
    "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
    "LeakyRelu": {"alpha": 0.05},
}
LINE = np.array([-100, -20, -3, -1.5, -0.5, -0.0, 0.5, 1, 2.5, 3, 20, 100], F)


@pytest.mark.parametrize("operator", [name for name in get_args(PointWise) if name != "Clip"])
def test_point_wise_operators_agree_from_minus_to_plus_a_hundred(operator: str) -> None:
    agree(operator, LINE, **DEFAULTS.get(operator, {}))
    agree(operator, LINE.reshape(3, 2, 2), **DEFAULTS.get(operator, {}))


def test_what_overflows_or_is_not_defined_agrees_too() -> None:
    for operator in ("Log", "Sqrt", "Exp", "Reciprocal"):
        agree(operator, np.array([-1, 0, np.inf, 200, -200], F))


def test_gelu_by_tanh_agrees() -> None:
    agree("Gelu", LINE, approximate="tanh")


@pytest.mark.parametrize("operator", ["Abs", "Neg", "Sign", "Relu"])
def test_point_wise_operators_of_integers_agree(operator: str) -> None:
    agree(operator, np.array([-3, 0, 5], np.int32))


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (None, 2), (-2, None), (None, None), (3, -3)])
def test_clip_agrees_whichever_bound_is_there(low: float | None, high: float | None) -> None:
    agree("Clip", LINE, *(None if bound is None else np.array(bound, F) for bound in (low, high)))


ORDERED = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")


@pytest.mark.parametrize("operator", [name for name in get_args(Pairwise) if name not in ("And", "Or", "Mod", "Pow")])
@given(seed=SEEDS)
@SOME
def test_pairwise_operators_broadcast_as_onnxruntime_does(operator: str, seed: int) -> None:
    rng = random(seed)
    shape = tuple(rng.integers(1, 4, rng.integers(0, 5)))
    one, other = (tuple(size if rng.random() < 0.7 else 1 for size in shape)[rng.integers(0, 2) :] for _ in range(2))
    a, b = rng.integers(-3, 4, one), rng.integers(-3, 4, other)
    agree(operator, a.astype(F), b.astype(F))
    agree(operator, a, np.where(b == 0, 2, b))


def test_quotients_of_integers_go_towards_zero() -> None:
    a, b = np.meshgrid(np.arange(-7, 8), [-3, -2, -1, 1, 2, 3])
    agree("Div", a, b)
    agree("Mod", a, b, fmod=0)
    agree("Mod", a, b, fmod=1)


def test_a_rest_of_floats_has_the_sign_of_the_dividend() -> None:
    agree("Mod", np.array([-5.5, 5.5, 4, -0.0], F), np.array([3, -3, 2, 1], F), fmod=1)


def test_and_and_or_agree() -> None:
    for operator in ("And", "Or"):
        agree(operator, np.array([[True], [False]]), np.array([True, False]))


def test_a_power_has_the_type_of_its_base() -> None:
    agree("Pow", np.array([0.5, 2, 3], F), ints(2))
    agree("Pow", np.array([0.5, 2, 3], F), np.array(-0.5, F))
    agree("Pow", ints(-2, 3), np.array([3, 2], F))


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 3), (3, 2)), ((2, 1, 4, 3), (5, 3, 2)), ((0, 3), (3, 2))],
)
def test_products_of_matrices_agree(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    rng = random(0)
    agree("MatMul", floats(rng, *a), floats(rng, *b))


def convolution(rng: np.random.Generator, transposed: bool) -> tuple[list[Array | None], dict[str, Any]]:
    """Operands and attributes of a random convolution of one or two axes."""
    axes, group = int(rng.integers(1, 3)), int(rng.choice([1, 1, 2, 3]))
    kernel, strides, dilations = (tuple(int(n) for n in rng.integers(1, 4, axes)) for _ in range(3))
    pads = tuple(int(n) for n in rng.integers(0, 2 if transposed else 3, 2 * axes))
    span = [dilation * (width - 1) + 1 for width, dilation in zip(kernel, dilations, strict=True)]
    size = [int(least + rng.integers(2, 6)) for least in span]
    inner, outer = group * int(rng.integers(1, 4)), group * int(rng.integers(1, 4))
    weight = (inner, outer // group) if transposed else (outer, inner // group)
    attributes: dict[str, Any] = {
        "group": group, "kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads
    }  # fmt: skip
    if transposed:
        attributes["output_padding"] = tuple(int(rng.integers(0, stride)) for stride in strides)
    bias = floats(rng, outer) if rng.random() < 0.5 else None
    operands = [floats(rng, int(rng.integers(1, 3)), inner, *size), floats(rng, *weight, *kernel)]
    return [*operands, *([] if bias is None else [bias])], attributes


@given(seed=SEEDS)
@settings(max_examples=80, deadline=None)
def test_convolutions_agree_grouped_strided_dilated_and_padded(seed: int) -> None:
    operands, attributes = convolution(random(seed), transposed=False)
    agree("Conv", *operands, **attributes)


@given(seed=SEEDS)
@settings(max_examples=80, deadline=None)
def test_transposed_convolutions_agree_grouped_strided_dilated_and_padded(seed: int) -> None:
    operands, attributes = convolution(random(seed), transposed=True)
    agree("ConvTranspose", *operands, **attributes)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize(("frames", "batch"), [(1, 1), (5, 1), (3, 4)])
def test_lstms_agree(biased: bool, started: bool, frames: int, batch: int) -> None:
    rng, units, size = random(1), 6, 4
    weights = [floats(rng, 1, 4 * units, size), floats(rng, 1, 4 * units, units)]
    bias = floats(rng, 1, 8 * units) if biased else None
    first = [floats(rng, 1, batch, units) if started else None for _ in range(2)]
    agree("LSTM", floats(rng, frames, batch, size), *weights, bias, None, *first, outputs=3, hidden_size=units)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize(("frames", "batch"), [(1, 1), (5, 1), (3, 4)])
def test_grus_of_both_variants_agree(biased: bool, variant: int, frames: int, batch: int) -> None:
    rng, units, size = random(2), 6, 4
    weights = [floats(rng, 1, 3 * units, size), floats(rng, 1, 3 * units, units)]
    bias = floats(rng, 1, 6 * units) if biased else None
    operands = [floats(rng, frames, batch, size), *weights, bias, None, floats(rng, 1, batch, units)]
    agree("GRU", *operands, outputs=2, hidden_size=units, linear_before_reset=variant)


@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reductions_agree(operator: str, axes: tuple[int, ...], keepdims: int) -> None:
    agree(operator, floats(random(3), 2, 3, 4), axes=axes, keepdims=keepdims)
    agree(operator, random(3).integers(-9, 9, (2, 3, 4)), axes=axes, keepdims=keepdims)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_sums_agree(keepdims: int) -> None:
    agree("ReduceSum", floats(random(3), 2, 3, 4), ints(0, 2), keepdims=keepdims)
    agree("ReduceSum", np.arange(6).reshape(2, 3), ints(1), keepdims=keepdims)


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_the_place_of_the_largest_agrees_where_there_are_several(last: int, keepdims: int) -> None:
    ties = random(4).integers(0, 3, (3, 5, 4)).astype(F)
    agree("ArgMax", ties, axis=1, keepdims=keepdims, select_last_index=last)


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_running_sums_agree(exclusive: int, reverse: int) -> None:
    agree("CumSum", floats(random(5), 3, 5), np.array(1, np.int64), exclusive=exclusive, reverse=reverse)


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax_agrees_along_each_axis_and_far_from_zero(operator: str, axis: int) -> None:
    agree(operator, floats(random(6), 2, 3, 4) * 50 + 300, axis=axis)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("biased", [True, False])
def test_layer_normalisation_agrees(axis: int, biased: bool) -> None:
    rng, size = random(7), (3, 4)[axis - 1 :]
    operands = [floats(rng, 2, 3, 4) * 3 + 1, floats(rng, *size), *([floats(rng, *size)] if biased else [])]
    agree("LayerNormalization", *operands, axis=axis, epsilon=1e-3, within=2e-5)


@given(seed=SEEDS)
@SOME
def test_slices_agree_forwards_backwards_and_beyond_the_ends(seed: int) -> None:
    rng = random(seed)
    x = np.arange(60, dtype=F).reshape(3, 4, 5)
    axes = rng.permutation(3)[: rng.integers(1, 4)]
    starts, ends = rng.integers(-7, 8, (2, len(axes)))
    agree("Slice", x, starts, ends, axes, rng.choice([-2, -1, 1, 2, 3], len(axes)))


def test_a_slice_to_the_very_ends_agrees() -> None:
    for start, end, step in ((-1, -(2**63), -1), (0, 2**63 - 1, 2)):
        agree("Slice", np.arange(5, dtype=F), ints(start), ints(end), ints(0), ints(step))


def test_what_is_put_together_and_taken_apart_agrees() -> None:
    x = floats(random(8), 2, 6, 3)
    agree("Concat", x, x[:, :2], x[:, 1:2], axis=1)
    agree("Split", x, ints(1, 2, 3), outputs=3, axis=1)
    agree("Transpose", x, perm=(2, 0, 1))
    agree("Reshape", x, ints(4, 9))
    agree("Expand", x[:, :1], ints(5, 2, 6, 3))
    agree("Where", x > 0, x, np.array(7, F))
    agree("Not", x > 0)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
@pytest.mark.parametrize("pads", [(0, 1, 2, 0, 2, 1), (0, 0, 0, 1, 0, 0), (0, -1, 0, 0, 2, -2)])
def test_paddings_agree(mode: str, pads: tuple[int, ...]) -> None:
    value = [np.array(3, F)] if mode == "constant" else []
    agree("Pad", floats(random(9), 3, 4, 5), ints(*pads), *value, mode=mode)


@pytest.mark.parametrize("to", ["float32", "int64", "int32", "bool", "uint8", "int8"])
def test_changes_of_type_agree(to: str) -> None:
    agree("Cast", np.array([-1.7, -0.2, 0, 0.9, 1.5, 100], F) if to != "uint8" else np.array([0.2, 200], F), to=to)
    agree("Cast", ints(0, 1, 100), to=to)


def test_gathered_rows_agree_with_places_from_the_end_too() -> None:
    x = floats(random(10), 4, 5, 3)
    agree("Gather", x, ints(0, -1, 2), axis=1)
    agree("Gather", x, np.array([[1, -4], [3, 0]], np.int32), axis=0)
    agree("Gather", x, np.array(-1, np.int64), axis=2)


@given(seed=SEEDS)
@SOME
def test_gathered_elements_agree_where_other_axes_are_shorter(seed: int) -> None:
    rng = random(seed)
    x, axis = floats(rng, 4, 5, 3), int(rng.integers(0, 3))
    shape = [int(rng.integers(1, size + 1)) for size in x.shape]
    shape[axis] = int(rng.integers(1, 8))
    agree("GatherElements", x, rng.integers(-x.shape[axis], x.shape[axis], shape), axis=axis)


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scattered_elements_agree(reduction: str) -> None:
    rng, places = random(11), np.array([[0, -1], [2, 1]])
    operands = [floats(rng, 3, 4), places, floats(rng, 2, 2)]
    agree("ScatterElements", *operands, axis=1, reduction=reduction, opset=18)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_k_largest_and_smallest_agree_where_there_are_equals(largest: int, axis: int) -> None:
    ties = random(12).integers(0, 3, (5, 6)).astype(F)
    agree("TopK", ties, ints(4), outputs=2, axis=axis, largest=largest, sorted=1)
