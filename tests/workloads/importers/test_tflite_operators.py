"""Each operator in float against a LiteRT interpreter, on its own and between two convolutions, channels first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.tflite_files import G, Op, Runtime, T, constant, file_bytes
from workloads.stepgraph.graph import Array, StepGraph

pytest.importorskip("tflite", reason="tflite is not installed")

from workloads.importers.tflite_reader import read_tflite
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import FloatRun, run_steps

RNG = np.random.default_rng(7)
NHWC = (1, 4, 3, 6)


def reals(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def ints(*numbers: int) -> T:
    return constant(np.array(numbers, np.int32))


def read(tmp_path: Any, graph: G) -> tuple[StepGraph, Runtime]:
    model = file_bytes(graph)
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    return read_tflite(path), Runtime(model)


def agree(tmp_path: Any, graph: G, *inputs: Array) -> StepGraph:
    """Our float run gives what the interpreter gives."""
    ours, theirs = read(tmp_path, graph)
    outputs = FloatRun(ours)(dict(zip(ours.inputs, inputs, strict=True)))
    for ours_, theirs_ in zip(outputs.values(), theirs(*inputs), strict=True):
        assert ours_.shape == theirs_.shape
        np.testing.assert_allclose(ours_.astype(float), theirs_.astype(float), rtol=2e-5, atol=2e-5)
    return ours


POINTWISE = [
    "ABS", "COS", "EXP", "FLOOR", "LOGISTIC", "NEG", "RELU", "RELU6", "RELU_N1_TO_1",
    "SIGN", "SIN", "SQUARE", "TANH", "HARD_SWISH",
]  # fmt: skip
WITH_OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("GELU", "GeluOptions", {}), ("GELU", "GeluOptions", {"Approximate": True}),
    ("LEAKY_RELU", "LeakyReluOptions", {"Alpha": 0.3}), ("SOFTMAX", "SoftmaxOptions", {"Beta": 1.0}),
    ("SOFTMAX", "SoftmaxOptions", {"Beta": 0.5}), ("LOG_SOFTMAX", "LogSoftmaxOptions", {}),
]  # fmt: skip
OF_TWO = ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"]
FUSED = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "DIV": "DivOptions"}


def kernel(outputs: int, inputs: int, height: int = 1, width: int = 1) -> T:
    return constant(reals(outputs, height, width, inputs))


def bias(outputs: int) -> T:
    return constant(reals(outputs))


def conv(x: int, weights: int, bias: int, out: int) -> Op:
    return Op("CONV_2D", [x, weights, bias], [out], "Conv2DOptions", {"StrideW": 1, "StrideH": 1})


def between(tensors: Sequence[T], op: Op, after: Sequence[int]) -> G:
    """Tensor 0 through a convolution into ``op``, whose output of shape ``after`` goes through another."""
    channels = after[3]
    n = len(tensors)
    more = [T(NHWC), kernel(6, 6), bias(6), T(after), kernel(channels, channels), bias(channels), T(after)]
    renamed = Op(op.word, [n if index == 0 else index for index in op.inputs], [n + 3], op.kind, op.options)
    return G([*tensors, *more], [conv(0, n + 1, n + 2, n), renamed, conv(n + 3, n + 4, n + 5, n + 6)])


@pytest.mark.parametrize("word", POINTWISE)
def test_one_operand(word: str, tmp_path: Any) -> None:
    agree(tmp_path, G([T((2, 5)), T((2, 5))], [Op(word, [0], [1])]), 3 * reals(2, 5))
    agree(tmp_path, between([T(NHWC)], Op(word, [0], [1]), NHWC), reals(*NHWC))


@pytest.mark.parametrize("word", ["LOG", "SQRT", "RSQRT"])
def test_one_operand_above_zero(word: str, tmp_path: Any) -> None:
    agree(tmp_path, G([T((2, 5)), T((2, 5))], [Op(word, [0], [1])]), np.abs(reals(2, 5)) + 0.1)


@pytest.mark.parametrize(("word", "kind", "options"), WITH_OPTIONS)
def test_one_operand_and_options(word: str, kind: str, options: dict[str, Any], tmp_path: Any) -> None:
    agree(tmp_path, G([T((2, 5)), T((2, 5))], [Op(word, [0], [1], kind, options)]), reals(2, 5))
    agree(tmp_path, between([T(NHWC)], Op(word, [0], [1], kind, options), NHWC), reals(*NHWC))


@pytest.mark.parametrize("word", OF_TWO)
@pytest.mark.parametrize("other", [(1, 4, 3, 6), (6,), (1, 1, 1, 6), (4, 1, 1)])
def test_two_operands_of_which_one_is_spread(word: str, other: tuple[int, ...], tmp_path: Any) -> None:
    op = Op(word, [0, 1], [2], FUSED.get(word, ""))
    divisor = np.abs(reals(*other)) + 0.5
    agree(tmp_path, G([T(NHWC), constant(divisor), T(NHWC)], [op]), reals(*NHWC))
    agree(tmp_path, between([T(NHWC), constant(divisor)], Op(word, [0, 1], [2], op.kind), NHWC), reals(*NHWC))


def test_data_of_fewer_axes_meets_data_that_is_channels_first(tmp_path: Any) -> None:
    graph = between([T(NHWC), T((3, 6))], Op("ADD", [0, 1], [2], "AddOptions"), NHWC)
    graph.inputs = (0, 1)
    agree(tmp_path, graph, reals(*NHWC), reals(3, 6))


@pytest.mark.parametrize("activation", [0, 1, 2, 3])
def test_a_fused_activation_stands_behind_its_operator(activation: int, tmp_path: Any) -> None:
    op = Op("ADD", [0, 1], [2], "AddOptions", {"FusedActivationFunction": activation})
    agree(tmp_path, G([T((2, 5)), constant(3 * reals(5)), T((2, 5))], [op]), 4 * reals(2, 5))


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 1)])
def test_convolutions(padding: int, stride: int, dilation: int, tmp_path: Any) -> None:
    options = {"Padding": padding, "StrideH": stride, "StrideW": 1, "DilationHFactor": dilation, "DilationWFactor": 1}
    height = -(-9 // stride) if padding == 0 else -(-(9 - 2 * dilation) // stride)
    width = 5 if padding == 0 else 4
    tensors = [T((1, 9, 5, 4)), kernel(6, 4, 3, 2), constant(reals(6)), T((1, height, width, 6))]
    agree(tmp_path, G(tensors, [Op("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", options)]), reals(1, 9, 5, 4))
    tensors = [T((1, 9, 5, 4)), kernel(1, 8, 3, 2), constant(reals(8)), T((1, height, width, 8))]
    options = {**options, "DepthMultiplier": 2}
    op = Op("DEPTHWISE_CONV_2D", [0, 1, 2], [3], "DepthwiseConv2DOptions", options)
    agree(tmp_path, G(tensors, [op]), reals(1, 9, 5, 4))


def test_a_convolution_in_groups(tmp_path: Any) -> None:
    tensors = [T((1, 5, 1, 4)), kernel(6, 2, 3), bias(6), T((1, 3, 1, 6))]
    options = {"Padding": 1, "StrideH": 1, "StrideW": 1}
    graph = G(tensors, [Op("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", options)])
    kinds = {node.operator: node for node in agree(tmp_path, graph, reals(1, 5, 1, 4)).nodes}
    assert kinds["Conv"].attributes["group"] == 2


@pytest.mark.parametrize(("padding", "places"), [(0, (8, 3)), (1, (9, 4)), (0, (7, 3))])
def test_a_transposed_convolution(padding: int, places: tuple[int, int], tmp_path: Any) -> None:
    tensors = [ints(1, *places, 5), kernel(5, 4, 3, 2), T((1, 4, 3, 4)), T((1, *places, 5))]
    options = {"Padding": padding, "StrideH": 2, "StrideW": 1}
    graph = G(tensors, [Op("TRANSPOSE_CONV", [0, 1, 2], [3], "TransposeConvOptions", options)], inputs=(2,))
    agree(tmp_path, graph, reals(1, 4, 3, 4))


def test_a_fully_connected_layer_with_and_without_bias(tmp_path: Any) -> None:
    for bias, shape in (([2], (2, 3)), ([-1], (2, 3)), ([2], (2, 3))):
        op = Op("FULLY_CONNECTED", [0, 1, *bias], [3], "FullyConnectedOptions")
        agree(tmp_path, G([T((2, 5)), constant(reals(3, 5)), constant(reals(3)), T(shape)], [op]), reals(2, 5))


def test_a_fully_connected_layer_keeps_axes_where_it_says_so(tmp_path: Any) -> None:
    op = Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions", {"KeepNumDims": True})
    agree(tmp_path, G([T((1, 4, 5)), constant(reals(3, 5)), T((1, 4, 3))], [op]), reals(1, 4, 5))


@pytest.mark.parametrize("through_reshape", [True, False])
def test_channels_first_data_is_laid_flat_without_a_transpose(through_reshape: bool, tmp_path: Any) -> None:
    """The rows of the layer's weights move instead."""
    flat = [T((1, 72)), ints(1, 72)] if through_reshape else []
    tensors = [T(NHWC), kernel(6, 6), bias(6), T(NHWC), constant(reals(3, 72)), T((1, 3)), *flat]
    ops = [
        conv(0, 1, 2, 3),
        *([Op("RESHAPE", [3, 7], [6], "ReshapeOptions")] if through_reshape else []),
        Op("FULLY_CONNECTED", [6 if through_reshape else 3, 4], [5], "FullyConnectedOptions"),
    ]
    graph = agree(tmp_path, G(tensors, ops, outputs=(5,)), reals(*NHWC))
    kinds = [node.operator for node in graph.nodes]
    assert kinds.count("Transpose") == 1, "that of the input"


@pytest.mark.parametrize("adjoint", [(False, False), (True, False), (False, True)])
def test_a_product_of_two_matrices_that_flow(adjoint: tuple[bool, bool], tmp_path: Any) -> None:
    a, b = (2, 5, 4) if adjoint[0] else (2, 4, 5), (2, 3, 5) if adjoint[1] else (2, 5, 3)
    op = Op("BATCH_MATMUL", [0, 1], [2], "BatchMatMulOptions", {"AdjX": adjoint[0], "AdjY": adjoint[1]})
    agree(tmp_path, G([T(a), T(b), T((2, 4, 3))], [op], inputs=(0, 1)), reals(*a), reals(*b))


MOVES: list[tuple[str, list[T], tuple[int, ...], str, dict[str, Any]]] = [
    ("CONCATENATION", [T(NHWC), constant(reals(1, 2, 3, 6))], (1, 6, 3, 6), "ConcatenationOptions", {"Axis": 1}),
    ("CONCATENATION", [T(NHWC), constant(reals(1, 4, 3, 2))], (1, 4, 3, 8), "ConcatenationOptions", {"Axis": -1}),
    ("SLICE", [T(NHWC), ints(0, 1, 0, 2), ints(1, 2, -1, 3)], (1, 2, 3, 3), "SliceOptions", {}),
    ("STRIDED_SLICE", [T(NHWC), ints(0, 1, 0, 0), ints(0, 4, 0, 6), ints(1, 2, 1, 3)], (1, 2, 3, 2),
     "StridedSliceOptions", {"BeginMask": 13, "EndMask": 5}),
    ("STRIDED_SLICE", [T(NHWC), ints(0, 3), ints(1, 0), ints(1, -1)], (1, 4, 3, 6),
     "StridedSliceOptions", {"EndMask": 2}),
    ("PAD", [T(NHWC), constant(np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))], (1, 7, 4, 6), "PadOptions", {}),
    ("PADV2", [T(NHWC), constant(np.array([[0, 0], [1, 0], [0, 0], [0, 3]], np.int32)), constant(np.float32(2.5))],
     (1, 5, 3, 9), "PadV2Options", {}),
    ("MIRROR_PAD", [T(NHWC), constant(np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))], (1, 7, 4, 6),
     "MirrorPadOptions", {"Mode": 0}),
    ("MEAN", [T(NHWC), ints(1, 2)], (1, 1, 1, 6), "ReducerOptions", {"KeepDims": True}),
    ("SUM", [T(NHWC), ints(3)], (1, 4, 3, 1), "ReducerOptions", {"KeepDims": True}),
    ("REDUCE_MAX", [T(NHWC), ints(-1)], (1, 4, 3, 1), "ReducerOptions", {"KeepDims": True}),
    ("REDUCE_MIN", [T(NHWC), ints(1)], (1, 1, 3, 6), "ReducerOptions", {"KeepDims": True}),
    ("AVERAGE_POOL_2D", [T(NHWC)], (1, 1, 1, 6), "Pool2DOptions",
     {"Padding": 1, "StrideW": 1, "StrideH": 1, "FilterWidth": 3, "FilterHeight": 4}),
    ("MAX_POOL_2D", [T(NHWC)], (1, 1, 1, 6), "Pool2DOptions",
     {"Padding": 1, "StrideW": 3, "StrideH": 4, "FilterWidth": 3, "FilterHeight": 4}),
    ("CUMSUM", [T(NHWC), constant(np.int32(1))], NHWC, "CumsumOptions", {"Exclusive": True}),
    ("TRANSPOSE", [T(NHWC), ints(0, 2, 1, 3)], (1, 3, 4, 6), "TransposeOptions", {}),
    ("RESHAPE", [T(NHWC), ints(1, -1, 1, 6)], (1, 12, 1, 6), "ReshapeOptions", {}),
]  # fmt: skip


@pytest.mark.parametrize(("word", "tensors", "after", "kind", "options"), MOVES)
def test_what_moves_or_reduces(
    word: str, tensors: list[T], after: tuple[int, ...], kind: str, options: dict[str, Any], tmp_path: Any
) -> None:
    op = Op(word, range(len(tensors)), [len(tensors)], kind, options)
    agree(tmp_path, G([*tensors, T(after)], [op]), reals(*NHWC))
    agree(tmp_path, between(tensors, op, after), reals(*NHWC))


@pytest.mark.parametrize("word", ["MEAN", "SUM", "REDUCE_MAX"])
@pytest.mark.parametrize("axes", [(1, 2), (3,), (0, 1, 2, 3)])
def test_a_reduction_whose_axes_go(word: str, axes: tuple[int, ...], tmp_path: Any) -> None:
    kept = tuple(size for axis, size in enumerate(NHWC) if axis not in axes)
    tensors = [T(NHWC), kernel(6, 6), bias(6), T(NHWC), ints(*axes), T(kept)]
    ops = [conv(0, 1, 2, 3), Op(word, [3, 4], [5], "ReducerOptions")]
    agree(tmp_path, G(tensors, ops), reals(*NHWC))


@pytest.mark.parametrize("after_conv", [True, False])
def test_parts_of_a_value(after_conv: bool, tmp_path: Any) -> None:
    half, x = (1, 4, 3, 3), 3 if after_conv else 0
    before = [conv(0, 1, 2, 3)] if after_conv else []
    tensors = [T(NHWC), kernel(6, 6), bias(6), T(NHWC), constant(np.int32(3)), T(half), T(half)]
    graph = G(tensors, [*before, Op("SPLIT", [4, x], [5, 6], "SplitOptions", {"NumSplits": 2})], outputs=(5, 6))
    agree(tmp_path, graph, reals(*NHWC))
    tensors = [*tensors[:5], T((1, 4, 3, 2)), T((1, 4, 3, 4)), ints(2, -1)]
    graph = G(tensors, [*before, Op("SPLIT_V", [x, 7, 4], [5, 6], "SplitVOptions", {"NumSplits": 2})], outputs=(5, 6))
    agree(tmp_path, graph, reals(*NHWC))


def test_a_single_number_has_an_empty_shape(tmp_path: Any) -> None:
    op = Op("RESHAPE", [0, 1], [2], "ReshapeOptions")
    agree(tmp_path, G([T((1, 1)), constant(np.zeros(0, np.int32)), T(())], [op]), reals(1, 1))


def test_axes_come_and_go(tmp_path: Any) -> None:
    op = Op("EXPAND_DIMS", [0, 1], [2], "ExpandDimsOptions")
    agree(tmp_path, G([T((3, 4)), constant(np.int32(1)), T((3, 1, 4))], [op]), reals(3, 4))
    op = Op("SQUEEZE", [0], [1], "SqueezeOptions", {"SqueezeDims": [1]})
    agree(tmp_path, G([T((3, 1, 4)), T((3, 4))], [op]), reals(3, 1, 4))
    op = Op("PACK", [0, 0], [1], "PackOptions", {"ValuesCount": 2, "Axis": 1})
    agree(tmp_path, G([T((3, 4)), T((3, 2, 4))], [op]), reals(3, 4))
    op = Op("UNPACK", [0], [1, 2], "UnpackOptions", {"Num": 2, "Axis": 1})
    agree(tmp_path, G([T((3, 2, 4)), T((3, 4)), T((3, 4))], [op], outputs=(1, 2)), reals(3, 2, 4))
    op = Op("STRIDED_SLICE", [0, 1, 2, 3], [4], "StridedSliceOptions", {"ShrinkAxisMask": 2, "EndMask": 1})
    agree(tmp_path, G([T((3, 4)), ints(0, -1), ints(0, 0), ints(1, 1), T((3,))], [op]), reals(3, 4))


def test_places_are_picked_by_data(tmp_path: Any) -> None:
    tensors = [T((3,), "INT32"), constant(reals(7, 4)), T((3, 4))]
    tokens = np.array([6, 0, 3], np.int32)
    agree(tmp_path, G(tensors, [Op("EMBEDDING_LOOKUP", [0, 1], [2])]), tokens)
    tensors = [constant(reals(2, 7)), T((3,), "INT32"), T((2, 3))]
    agree(tmp_path, G(tensors, [Op("GATHER", [0, 1], [2], "GatherOptions", {"Axis": 1})], inputs=(1,)), tokens)


def test_comparisons_choose(tmp_path: Any) -> None:
    tensors = [T((2, 5)), constant(reals(5)), T((2, 5), "BOOL"), T((2, 5), "BOOL"), T((2, 5))]
    for word, kind in (("LESS", ""), ("GREATER_EQUAL", ""), ("NOT_EQUAL", ""), ("EQUAL", "")):
        ops = [Op(word, [0, 1], [2], kind), Op("LOGICAL_NOT", [2], [3]), Op("SELECT_V2", [3, 0, 1], [4])]
        agree(tmp_path, G(tensors, ops), reals(2, 5))


def test_the_place_of_the_greatest(tmp_path: Any) -> None:
    op = Op("ARG_MAX", [0, 1], [2], "ArgMaxOptions", {"OutputType": 2})
    agree(tmp_path, G([T((2, 5)), constant(np.int32(-1)), T((2,), "INT32")], [op]), reals(2, 5))


def test_a_slope_that_is_data(tmp_path: Any) -> None:
    op = Op("PRELU", [0, 1], [2])
    agree(tmp_path, between([T(NHWC), constant(reals(1, 1, 6))], op, NHWC), reals(*NHWC))


def test_weights_of_half_precision_are_widened_before_the_run(tmp_path: Any) -> None:
    tensors = [T((2, 5)), constant(reals(3, 5).astype(np.float16)), T((3, 5)), T((2, 3))]
    ops = [Op("DEQUANTIZE", [1], [2]), Op("FULLY_CONNECTED", [0, 2], [3], "FullyConnectedOptions")]
    graph = agree(tmp_path, G(tensors, ops), reals(2, 5))
    assert [node.operator for node in graph.nodes] == ["MatMul"]
    assert [node.operator for node in graph.folded] == ["DEQUANTIZE"]


def test_a_shape_computed_from_a_shape_is_a_constant(tmp_path: Any) -> None:
    """As converters write a flattening: the batch's size, then -1."""
    tensors = [T(NHWC), T((4,), "INT32"), ints(0), ints(1), ints(1), T((), "INT32"), constant(np.int32(-1)),
               T((2,), "INT32"), T((1, 72))]  # fmt: skip
    ops = [
        Op("SHAPE", [0], [1], "ShapeOptions", {"OutType": 2}),
        Op("STRIDED_SLICE", [1, 2, 3, 4], [5], "StridedSliceOptions", {"ShrinkAxisMask": 1}),
        Op("PACK", [5, 6], [7], "PackOptions", {"ValuesCount": 2}),
        Op("RESHAPE", [0, 7], [8], "ReshapeOptions"),
    ]
    graph = agree(tmp_path, G(tensors, ops), reals(*NHWC))
    assert [node.operator for node in graph.nodes] == ["Reshape"]


def lstm_file(units: int, width: int, seen: int, steps: int, clip: float, time_major: bool) -> G:
    """An LSTM with its weights, gates in the file's order, its states in tensors that survive."""
    gates = [constant(reals(units, width) / 2) for _ in range(4)]
    recurrent = [constant(reals(units, seen) / 2) for _ in range(4)]
    biases = [constant(reals(units) + (20 if clip else 0)) for _ in range(4)]
    projection = [constant(reals(seen, units))] if seen != units else []
    x, y = ((steps, 1), (steps, 1)) if time_major else ((1, steps), (1, steps))
    tensors = [T((*x, width)), T((*y, seen)), T((1, seen), variable=True), T((1, units), variable=True),
               *gates, *recurrent, *biases, *projection]  # fmt: skip
    inputs = [0, *range(4, 12), -1, -1, -1, *range(12, 16), 16 if projection else -1, -1, 2, 3]
    options = {"FusedActivationFunction": 4, "CellClip": clip, "TimeMajor": time_major}
    op = Op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [1], "UnidirectionalSequenceLSTMOptions", options)
    return G(tensors, [op], outputs=(1,))


@pytest.mark.parametrize(
    ("seen", "steps", "clip", "time_major"),
    [(5, 1, 0.0, False), (5, 4, 0.0, False), (5, 4, 0.0, True), (3, 2, 0.0, False), (5, 1, 8.0, False)],
)
def test_an_lstm_keeps_its_states_from_call_to_call(
    seen: int, steps: int, clip: float, time_major: bool, tmp_path: Any
) -> None:
    ours, theirs = read(tmp_path, lstm_file(5, 3, seen, steps, clip, time_major))
    assert [node.operator for node in ours.nodes].count("LSTM") == 1
    assert len(ours.states) == 2
    shape = (steps, 1, 3) if time_major else (1, steps, 3)
    calls = reals(20, *shape)
    expected = [theirs(call)[0] for call in calls]
    outputs = run_steps(ours, {"t0": calls})
    np.testing.assert_allclose(outputs["t1"], expected, atol=1e-5)
    if clip:
        assert np.abs(outputs[ours.states[1].output]).max() == clip, "it was reached"


def test_a_clipped_cell_over_several_frames_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "model.tflite"
    for steps, clip in ((2, 10.0), (1, 2.0)):
        path.write_bytes(file_bytes(lstm_file(5, 3, 5, steps, clip, False)))
        with pytest.raises(RefusedModelError, match="clips its cell state between frames; give one frame a call"):
            read_tflite(path)
