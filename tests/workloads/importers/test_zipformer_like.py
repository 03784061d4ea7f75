"""A streaming encoder with attention, convolutions and many caches, from a file as its exporters write it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import onnxruntime

from nnasim.numerics.config import NumericsConfig
from tests.workloads.importers.zipformer_like import exported, zipformer_like
from tests.workloads.stepgraph.exact import FINE, exact, noise
from tests.workloads.stepgraph.imports import utterance
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.lowering.lowering import to_trace
from workloads.stepgraph.run import FloatRun, initial_states

FRAMES = (1, 45, 80)


@pytest.fixture(scope="module")
def model(tmp_path_factory: Any) -> Path:
    """Two of the six stacks, of one layer each."""
    return exported(zipformer_like((1, 1), (16, 24)), tmp_path_factory.mktemp("zipformer") / "encoder.onnx")


@pytest.fixture(scope="module")
def graph(model: Path) -> StepGraph:
    return read_onnx(model, {"x": FRAMES}, {"N": 1})


def test_every_cache_is_a_state_since_its_name_says_so(graph: StepGraph) -> None:
    assert len(graph.states) == 2 * 6 + 2
    assert all(state.output == f"new_{state.input}" for state in graph.states)
    assert graph.audio == ("x",)


def test_streamed_it_gives_what_onnxruntime_gives(model: Path, graph: StepGraph) -> None:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    run, ours = FloatRun(graph), initial_states(graph)
    theirs: dict[str, Array] = dict(ours)
    for step in np.random.default_rng(2).standard_normal((4, *FRAMES)).astype(np.float32):
        outputs = run({"x": step, **ours})
        ours = {state.input: outputs[state.output] for state in graph.states}
        names = [output.name for output in session.get_outputs()]
        expected = dict(zip(names, session.run(None, {"x": step, **theirs}), strict=True))
        theirs = {state.input: expected[f"new_{state.input}"] for state in graph.states}
        np.testing.assert_allclose(outputs["encoder_out"], expected["encoder_out"], atol=1e-4)


@pytest.mark.parametrize("bound", [{"processed_lens": 1000}, {}], ids=["with its past full", "with its count"])
def test_the_chip_runs_all_of_it(model: Path, bound: dict[str, int]) -> None:
    """The count of frames heard and the mask that hangs on it too, unless the past is said to be full."""
    graph = read_onnx(model, {"x": FRAMES}, {"N": 1, **bound})
    result = to_trace({"step": graph}, [utterance()], NumericsConfig())
    assert result.ledger.counts["refused"] == result.ledger.counts["cpu"] == 0
    assert result.ledger.counts["chip"] > 200


def test_calibrated_the_chip_computes_what_the_reference_does(graph: StepGraph) -> None:
    found = exact(graph, noise(graph, calls=4), FINE)
    assert found["encoder_out"] > 25
