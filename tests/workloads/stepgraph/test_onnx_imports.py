"""Models that people use, from their ONNX files: every node accounted for, and chip and reference one."""

from collections.abc import Callable

import pytest

from tests.workloads.foreign_models import dtln, silero
from tests.workloads.stepgraph.exact import FINE, exact, noise
from tests.workloads.stepgraph.imports import STEP, kinds, lowered
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import StepGraph


def voice_activity() -> StepGraph:
    return read_onnx(silero(), {"input": (1, 576)}, {"sr": 16000})


def suppressor_of_spectra() -> StepGraph:
    return read_onnx(dtln(1), states=["input_3:tf_op_layer_stack_2"])


def suppressor_of_waves() -> StepGraph:
    return read_onnx(dtln(2), states=["input_5:tf_op_layer_stack_5"])


MODELS: dict[str, Callable[[], StepGraph]] = {
    make.__name__: make for make in (voice_activity, suppressor_of_spectra, suppressor_of_waves)
}
MACS = {"voice_activity": 679_552, "suppressor_of_spectra": 361_088, "suppressor_of_waves": 622_592}


@pytest.mark.parametrize("name", MODELS)
def test_every_node_runs_on_the_chip_folds_or_is_a_view(name: str) -> None:
    graph = MODELS[name]()
    ledger = lowered(graph).ledger
    assert ledger.counts["refused"] == ledger.counts["cpu"] == 0
    assert sum(ledger.counts.values()) == len(graph.nodes)
    assert ledger.macs == MACS[name]


@pytest.mark.parametrize("name", MODELS)
def test_the_chip_computes_what_the_reference_does(name: str) -> None:
    graph = MODELS[name]()
    found = exact(graph, noise(graph, calls=6), FINE)
    assert min(found.values()) > 10, found


def test_states_that_are_packed_in_one_array_are_the_lstms_own() -> None:
    made = lowered(voice_activity())
    tensors = made.trace.tensors
    assert [spec.shape for spec in tensors.values() if spec.role == "state"] == [(128,), (128,)]
    written = [op for op in made.trace.graphs[STEP].ops if tensors[op.outputs[0]].role == "state"]
    assert [op.kind for op in written] == ["add", "mul"]
    assert kinds(made).count("concat") == 1  # of the reflected edge, and none for the states
