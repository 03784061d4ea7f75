"""microWakeWord's models, streamed in float and, rounded as the file rounds, integer by integer."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.workloads.importers.tflite_files import G, Op, Runtime, T, constant, file_bytes, wake_word

pytest.importorskip("tflite", reason="tflite is not installed")

from nnasim.numerics.config import Rounding
from nnasim.numerics.rescale import Rescale, requantise
from workloads.importers.tflite_layout import CHANNELS_FIRST, CHANNELS_LAST
from workloads.importers.tflite_reader import read_tflite
from workloads.stepgraph.graph import Array, Node, StepGraph
from workloads.stepgraph.integers.stored_ranges import stored_calibration
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import FloatRun, initial_states, run_steps

MODELS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


def speechlike(steps: int) -> Array:
    """(steps, 1, 3, 40) integers as microWakeWord's features are: mostly low, loud in places."""
    rng = np.random.default_rng(5)
    loudness = np.repeat(rng.normal(-60, 50, (steps // 4 + 1, 1, 1, 40)), 4, axis=0)[:steps]
    return np.clip(loudness + rng.normal(0, 20, (steps, 1, 3, 40)), -128, 127).astype(np.int8)


def streamed(graph: StepGraph, run: FloatRun, steps: Array) -> Iterator[Array]:
    """Run a call for each of ``steps``, the file's integers; yields each before its call, so that it may be run too."""
    (audio,) = graph.audio
    states = initial_states(graph)
    for step in steps:
        yield step
        outputs = run({audio: graph.affine[audio].reals(step), **states})
        states = {state.input: outputs[state.output] for state in graph.states}


def as_ours(theirs: Array) -> Array:
    """Their integers in our order of axes."""
    return theirs.astype(int).transpose(CHANNELS_FIRST) if theirs.ndim == 4 else theirs.astype(int)


class Compared(FloatRun):
    """A float run that goes on from the interpreter's values, where ``forced``, and notes how far its own were."""

    def __init__(self, graph: StepGraph, runtime: Runtime, *, forced: bool) -> None:
        super().__init__(graph)
        self.runtime, self.forced = runtime, forced
        self.far: dict[str, list[Array]] = {}

    def _run(self, node: Node) -> None:
        super()._run(node)
        for name in node.outputs:
            affine = self.graph.affine.get(name)
            if affine and name in self.runtime.places:
                theirs = as_ours(self.runtime.value(name))
                self.far.setdefault(name, []).append(np.abs(affine.integers(self.values[name]) - theirs))
                if self.forced:
                    self.values[name] = affine.reals(theirs)

    def furthest(self, name: str) -> int:
        """The greatest distance of a value, in its own quanta."""
        return max(int(far.max()) for far in self.far[name])


def compared(name: str, *, forced: bool) -> Compared:
    """A hundred calls of a wake word's model, ours beside the interpreter."""
    path = wake_word(name)
    graph, runtime = read_tflite(path), Runtime(path)
    run = Compared(graph, runtime, forced=forced)
    for step in streamed(graph, run, speechlike(100)):
        runtime(step)
    assert len(run.far) >= 23
    return run


@pytest.mark.parametrize("name", MODELS)
def test_the_float_run_ends_within_one_quantum_of_the_interpreter(name: str) -> None:
    """Each of ten convolutions rounds in the file and not in float, so values within differ by a few quanta."""
    run = compared(name, forced=False)
    assert run.furthest(run.graph.outputs[0]) <= 1
    assert max(run.furthest(value) for value in run.far) <= 8


@pytest.mark.parametrize("name", MODELS)
def test_from_the_interpreters_own_values_each_operator_gives_its_integers(name: str) -> None:
    """But for ties, which the interpreter rounds twice: then one quantum, and seldom."""
    run = compared(name, forced=True)
    kinds = {value: node.operator for node in run.graph.nodes for value in node.outputs}
    for value, far in run.far.items():
        wrong = np.concatenate([distance.reshape(-1) for distance in far])
        assert wrong.max() <= (1 if kinds[value] in ("Conv", "Relu") else 0), value
        assert np.mean(wrong) < 0.02, value


@pytest.mark.parametrize("name", MODELS)
def test_rounded_twice_every_convolution_gives_the_interpreters_integers(name: str) -> None:
    """So the record is the file's arithmetic whole: integers, zero points and scales; rounding once is ours."""
    path = wake_word(name)
    graph, runtime = read_tflite(path), Runtime(path)
    activated = {node.inputs[0]: node.outputs[0] for node in graph.nodes if node.operator == "Relu"}
    convolutions = [node for node in graph.nodes if node.operator == "Conv"]
    for step in speechlike(30):
        runtime(step)
        for node in convolutions:
            out = activated.get(node.outputs[0], node.outputs[0])
            data = as_ours(runtime.value(node.inputs[0]))
            assert np.array_equal(twice_rounded(graph, node, data), as_ours(runtime.value(out)))


def twice_rounded(graph: StepGraph, node: Node, data: Array) -> Array:
    """A convolution of the file's integers, requantised as gemmlowp does."""
    x, kernel, bias = (graph.affine[name] for name in node.inputs)
    out = graph.affine[node.outputs[0]]
    operands = [data - x.zero_points[0], kernel.integers(graph.constants[node.inputs[1]])]
    products = apply("Conv", node.attributes, [operand.astype(np.float64) for operand in operands])[0]
    sums = products.astype(np.int64) + bias.integers(graph.constants[node.inputs[2]]).reshape(-1, 1, 1)
    scale = Rescale.of(x.scales[0] * np.array(kernel.scales) / out.scales[0], 31, rounding=Rounding.DOUBLE)
    turned = requantise(sums.transpose(CHANNELS_LAST), scale, 8, out.zero_points[0])
    return turned.transpose(CHANNELS_FIRST)


@pytest.mark.parametrize("name", MODELS)
def test_every_operator_of_the_file_is_a_node_or_folded(name: str) -> None:
    path = wake_word(name)
    graph = read_tflite(path)
    words = Counter(detail["op_name"] for detail in Runtime(path).interpreter._get_ops_details())
    folded = Counter(node.operator for node in graph.folded)
    nodes = Counter(node.operator for node in graph.nodes)
    assert nodes["Conv"] == words["CONV_2D"] + words["DEPTHWISE_CONV_2D"]
    assert nodes["MatMul"] == words["FULLY_CONNECTED"] == 1
    assert nodes["Concat"] == words["CONCATENATION"]
    assert nodes["Sigmoid"] == words["LOGISTIC"] == 1
    assert nodes["Transpose"] == 1, "that of the features, which come with their channels last"
    assert nodes["Slice"] + nodes["Split"] >= words["STRIDED_SLICE"] - folded["STRIDED_SLICE"]
    kept = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "QUANTIZE")
    assert {word: folded[word] for word in kept} == {word: words[word] for word in kept}


@pytest.mark.parametrize("name", MODELS)
def test_variables_are_states_that_start_as_the_file_says(name: str) -> None:
    graph = read_tflite(wake_word(name))
    assert len(graph.states) == 6
    for state in graph.states:
        assert state.initial is None, "zero in reals, which is the integer -128 of the file"
        assert graph.tensor(state.input).shape == graph.tensor(state.output).shape
        assert graph.affine[state.input] == graph.affine[state.output]
    assert graph.audio == (next(iter(graph.inputs)),)


def test_weights_are_the_files_integers(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).integers(-127, 128, (3, 1, 1, 4)).astype(np.int8)
    scales = [0.5, 0.25, 2.0]
    tensors = [T((1, 2, 2, 4), "INT8", scale=0.1, zero=-3), constant(weights, scale=scales, zero=[0, 0, 0], axis=0),
               constant(np.array([5, -6, 7], np.int32), scale=[0.05, 0.025, 0.2], zero=[0, 0, 0]),
               T((1, 2, 2, 3), "INT8", scale=0.3, zero=12)]  # fmt: skip
    path = tmp_path / "model.tflite"
    op = Op("CONV_2D", [0, 1, 2], [3], "Conv2DOptions", {"StrideW": 1, "StrideH": 1})
    path.write_bytes(file_bytes(G(tensors, [op])))
    graph = read_tflite(path)
    conv = next(node for node in graph.nodes if node.operator == "Conv")
    kernel, bias = conv.inputs[1:]
    assert graph.affine[kernel].scales == pytest.approx(scales)
    assert graph.affine[kernel].is_centred
    assert np.array_equal(graph.affine[kernel].integers(graph.constants[kernel]), weights.transpose(0, 3, 1, 2))
    assert graph.affine[bias].integers(graph.constants[bias]).tolist() == [5, -6, 7]
    assert not graph.affine["t0"].is_centred
    assert graph.affine["t3"].zero_points == (12,)


def test_integers_of_four_bits_are_unpacked_the_lower_first(tmp_path: Path) -> None:
    packed = bytes([0x1F, 0x82, 0x07])  # -1, 1, 2, -8, 7
    weights = T((1, 5), "INT4", packed, scale=0.5)
    tensors = [T((1, 5)), weights, T((1, 1))]
    path = tmp_path / "model.tflite"
    path.write_bytes(file_bytes(G(tensors, [Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions")])))
    graph = read_tflite(path)
    (node,) = graph.nodes
    assert graph.constants[node.inputs[1]].reshape(-1).tolist() == [-0.5, 0.5, 1, -4, 3.5]
    assert graph.affine[node.inputs[1]].bits == 4


def test_a_batch_that_is_left_open_is_one_stream_and_other_sizes_can_be_given(tmp_path: Path) -> None:
    tensors = [T((1, 1, 4), signature=(-1, -1, 4)), T((1, 1, 4), signature=(-1, -1, 4))]
    path = tmp_path / "model.tflite"
    path.write_bytes(file_bytes(G(tensors, [Op("TANH", [0], [1])])))
    with pytest.raises(RefusedModelError, match=r"t0 \(input\): has the undecided shape \(1, -1, 4\); give"):
        read_tflite(path)
    assert read_tflite(path, {"t0": (1, 3, 4)}).tensor("t1").shape == (1, 3, 4)


def test_what_a_variable_holds_changes_where_it_is_written(tmp_path: Path) -> None:
    """Read, written, read again: the second reading is what was written."""
    path = tmp_path / "model.tflite"
    start = constant(np.array([[1.0, 2.0]], np.float32))
    main = G(
        [T((1, 2)), T((), "RESOURCE"), T((1, 2)), T((1, 2)), T((1, 2)), T((1, 2))],
        [
            Op("CALL_ONCE", [], [], "CallOnceOptions", {"InitSubgraphIndex": 1}),
            Op("VAR_HANDLE", [], [1], "VarHandleOptions", {"SharedName": "sum"}),
            Op("READ_VARIABLE", [1], [2]),
            Op("ADD", [0, 2], [3], "AddOptions"),
            Op("ASSIGN_VARIABLE", [1, 3], []),
            Op("READ_VARIABLE", [1], [4]),
            Op("TANH", [4], [5]),
        ],
    )
    once = G([T((), "RESOURCE"), start], [
        Op("VAR_HANDLE", [], [0], "VarHandleOptions", {"SharedName": "sum"}), Op("ASSIGN_VARIABLE", [0, 1], []),
    ], inputs=(), outputs=())  # fmt: skip
    path.write_bytes(file_bytes(main, once))
    graph, runtime = read_tflite(path), Runtime(path)
    (state,) = graph.states
    assert graph.constants[str(state.initial)].tolist() == [[1.0, 2.0]]
    assert [node.operator for node in graph.nodes] == ["Add", "Tanh"]
    steps = np.random.default_rng(1).normal(size=(5, 1, 2)).astype(np.float32)
    ours = run_steps(graph, {"t0": steps})[graph.outputs[0]]
    np.testing.assert_allclose(ours, [runtime(step)[0] for step in steps], rtol=1e-6)


def test_going_to_other_integers_cuts_off_what_they_cannot_hold(tmp_path: Path) -> None:
    """A QUANTIZE between integers of one span moves integers only; of another it saturates."""
    path = tmp_path / "model.tflite"
    tensors = [T((1, 4), "INT8", scale=0.1), T((1, 4), "UINT8", scale=0.1, zero=128), T((1, 4), "INT8", scale=0.05)]
    ops = [Op("QUANTIZE", [0], [1], "QuantizeOptions"), Op("QUANTIZE", [1], [2], "QuantizeOptions")]
    path.write_bytes(file_bytes(G(tensors, ops)))
    graph = read_tflite(path)
    assert [node.operator for node in graph.nodes] == ["Clip"]
    x = np.array([[-100, -10, 10, 100]], np.int8)
    reals = run_steps(graph, {"t0": graph.affine["t0"].reals(x)[None]})[graph.outputs[0]][0]
    assert graph.affine["t2"].integers(reals).tolist() == Runtime(path)(x)[0].tolist() == [[-128, -20, 20, 127]]


@pytest.mark.parametrize("name", MODELS)
def test_the_files_ranges_are_a_calibration(name: str) -> None:
    calibration = stored_calibration(read_tflite(wake_word(name)))
    assert calibration is not None
    assert calibration.source == "the file's own ranges"


def test_a_single_number_is_clipped_to_a_single_number(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(file_bytes(G([T(()), T(())], [Op("RELU6", [0], [1])])))
    run = FloatRun(read_tflite(path))
    assert run({"t0": np.float32(9)})["t1"].tolist() == 6.0
