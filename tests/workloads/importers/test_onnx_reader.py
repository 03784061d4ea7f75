"""Real models enter: concrete, with their states, and computing what onnxruntime computes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.foreign_models import dtln, gtcrn, nsnet2, silero
from tests.workloads.onnx_models import onnxruntime
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import Array, State, StepGraph
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import FloatRun, initial_states

VAD = {"shapes": {"input": (1, 576)}, "bind": {"sr": 16000}}


def distance(path: Path, graph: StepGraph, steps: int = 12, constants: Mapping[str, Array] | None = None) -> float:
    """The largest difference to onnxruntime over some steps, each side carrying its own states."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    ours = theirs = initial_states(graph)
    run, rng, largest = FloatRun(graph), np.random.default_rng(0), 0.0
    for _ in range(steps):
        heard = {name: (0.1 * rng.standard_normal(graph.inputs[name].shape)).astype(np.float32) for name in graph.audio}
        outputs = run({**heard, **ours})
        expected = dict(zip(names, session.run(None, {**heard, **theirs, **(constants or {})}), strict=True))
        largest = max(largest, *(float(np.abs(outputs[name] - expected[name]).max()) for name in names))
        ours, theirs = ({state.input: values[state.output] for state in graph.states} for values in (outputs, expected))
    return largest


def refusals(path: Path, **wishes: Any) -> dict[str, str]:
    """Why each node or input is refused, by its name."""
    with pytest.raises(RefusedModelError) as error:
        read_onnx(path, **wishes)
    return {refusal.name: f"{refusal.operator} {refusal.why}; {refusal.help}" for refusal in error.value.refusals}


@pytest.mark.parametrize(("rate", "samples"), [(16000, 576), (8000, 288)])
def test_a_voice_detector_enters_at_the_rate_that_is_bound(rate: int, samples: int) -> None:
    graph = read_onnx(silero(), {"input": (1, samples)}, {"sr": rate})
    assert graph.states == (State("state", "stateN"),)
    assert graph.audio == ("input",)
    assert {node.operator for node in graph.nodes} >= {"Pad", "Conv", "LSTM", "Sigmoid"}
    assert len(graph.nodes) < 40
    assert distance(silero(), graph, constants={"sr": np.array(rate)}) < 2e-5


def test_every_node_of_its_file_runs_or_is_named_as_one_that_does_not() -> None:
    graph = read_onnx(silero(), **VAD)
    assert len(graph.folded) + len(graph.nodes) == 689
    assert sum(node.operator == "If" for node in graph.folded) == 25


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("silero_vad_16k_sequence", False),
        ("silero_vad_openvino_16k", False),
        ("silero_vad_half", False),
        ("silero_vad_16k_op15", True),
        ("silero_vad_op18_ifless", True),
    ],
)
def test_its_other_exports_enter_too(name: str, bound: bool) -> None:
    path, rate = silero(name), {"sr": 16000} if bound else {}
    graph = read_onnx(path, VAD["shapes"], rate)
    assert len(graph.states) == (2 if "sequence" in name else 1)
    assert distance(path, graph, constants={"sr": np.array(16000)} if bound else {}) < 2e-5


def test_a_step_of_several_frames_runs_the_lstm_over_all_of_them() -> None:
    path = silero("silero_vad_16k_sequence")
    graph = read_onnx(path, {"input": (5, 576)})
    assert graph.tensor("speech_probs").shape == (5,)
    assert distance(path, graph) < 5e-5


def test_a_model_that_decides_by_what_arrives_is_refused_with_what_would_help() -> None:
    reasons = refusals(silero(), shapes={"input": (1, 576)})
    assert reasons["If_0"].startswith("If decides by sr, which arrives at each call; bind sr to a constant")


def test_open_shapes_are_refused_by_input() -> None:
    reasons = refusals(silero(), bind={"sr": 16000})
    assert reasons == {"input": "input is (?, ?), with sizes that are not given; give its `shapes`, every axis as a "
                       "number, or `bind` the size that is named"}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "state", "answer"),
    [(1, "input_3:tf_op_layer_stack_2", "activation_2"), (2, "input_5:tf_op_layer_stack_5", "conv1d_3")],
)
def test_a_noise_suppressor_enters_once_its_state_is_declared(part: int, state: str, answer: str) -> None:
    graph = read_onnx(dtln(part), states=[state])
    assert graph.states == (State(*state.split(":")),)
    assert answer in graph.outputs
    assert distance(dtln(part), graph) < 2e-5


def test_states_without_a_name_are_asked_for_and_never_guessed() -> None:
    (reason,) = refusals(dtln(1)).values()
    assert "input_3:tf_op_layer_stack_2" in reason
    assert "may be a state, which no name says; say which are with `states`" in reason
    assert not read_onnx(dtln(1), states=()).states


def test_every_bidirectional_layer_is_refused_and_none_hides_behind_another() -> None:
    reasons = refusals(gtcrn())
    assert len(reasons) == 4
    assert all(reason.startswith("GRU is bidirectional") for reason in reasons.values())


def test_every_layer_that_forgets_is_refused_until_its_state_is_kept() -> None:
    shape = {"input": (1, 1, 161)}
    reasons = refusals(nsnet2(), shapes=shape)
    assert list(reasons) == ["GRU_14", "GRU_20"]
    assert "keep it from call to call with `keep_state` GRU_14" in reasons["GRU_14"]
    graph = read_onnx(nsnet2(), shape, keep_state=list(reasons))
    assert [state.input for state in graph.states] == ["GRU_14.h", "GRU_20.h"]
    assert "GRU_14" in refusals(nsnet2(), shapes=shape, keep_state=["GRU_20"])
    assert "is no layer that forgets" in refusals(nsnet2(), shapes=shape, keep_state=["GRU_1"])["GRU_1"]


def test_what_no_shape_would_change_is_said_before_shapes_are() -> None:
    reasons = refusals(nsnet2(), keep_state=["GRU_14"])
    assert list(reasons) == ["input", "GRU_20"]
    assert reasons["GRU_20"].startswith("GRU forgets at every call")


def test_a_layer_that_is_kept_goes_on_frame_by_frame_as_the_file_does_over_all_frames() -> None:
    path, frames = nsnet2(), np.random.default_rng(1).standard_normal((1, 6, 161)).astype(np.float32)
    graph = read_onnx(path, {"input": (1, 1, 161)}, keep_state=["GRU_14", "GRU_20"])
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": frames})
    run, states = FloatRun(graph), initial_states(graph)
    for frame in range(6):
        outputs = run({"input": frames[:, frame : frame + 1], **states})
        states = {state.input: outputs[state.output] for state in graph.states}
        np.testing.assert_allclose(outputs["output"][:, 0], expected[:, frame], atol=1e-5)
