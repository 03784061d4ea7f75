"""Which integers of a TensorFlow Lite model the chip has too: its weights, all of them; its activations, nearly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.tflite_files import Runtime, wake_word

pytest.importorskip("tflite", reason="tflite is not installed")

import nnasim
from nnasim.cli.main import main
from nnasim.reference import Reference
from tests.workloads.importers.test_tflite_reader import MODELS, speechlike
from workloads.importers.tflite_reader import read_tflite

MACS: Mapping[str, int] = {"okay_nabu": 36_480, "alexa": 23_968, "hey_jarvis": 21_630, "hey_mycroft": 24_608}


def imported(name: str) -> Any:
    """A wake word's model as a trace, with the file's own ranges."""
    return nnasim.import_model(read_tflite(wake_word(name)), period_ms=30, seconds=1).record


@pytest.mark.parametrize("name", MODELS)
def test_every_weight_of_the_chip_is_the_files_integer(name: str) -> None:
    graph, constants = read_tflite(wake_word(name)), imported(name).constants
    for node in graph.nodes:
        if node.operator in ("Conv", "MatMul"):
            stored = graph.affine[node.inputs[1]].integers(graph.constants[node.inputs[1]])
            own = constants[f"{node.name}.w"]
            assert np.array_equal(own, stored if node.operator == "Conv" else stored.T), node.name


@pytest.mark.parametrize("name", MODELS)
def test_its_work_is_counted_and_its_claim_is_exact(name: str) -> None:
    model = imported(name)
    assert model.ledger.macs == MACS[name]
    assert model.trace.imported.claim == "exact"
    assert model.trace.imported.calibration == "the file's own ranges"


@pytest.mark.parametrize("name", MODELS)
def test_the_chip_hears_what_the_interpreter_hears(name: str) -> None:
    """Steps behind a ReLU are twice as coarse, and one rounding stands in place of two: probabilities stay near."""
    graph, model, runtime = read_tflite(wake_word(name)), imported(name), Runtime(wake_word(name))
    reference, (step_graph,) = Reference(model.trace, model.constants), model.trace.graphs
    tensors = model.trace.tensors
    source, target = (next(key for key, spec in tensors.items() if spec.role == role) for role in ("input", "output"))
    (audio,), apart = graph.audio, []
    for step in speechlike(60):
        reference.tensors[source] = graph.affine[audio].reals(step).reshape(tensors[source].shape).astype(np.float64)
        reference.run(step_graph)
        apart.append(abs(reference.tensors[target].item() / 128 - runtime(step)[0].item() / 256))
    assert np.mean(apart) < 0.02


def test_the_simulated_chip_computes_the_references_integers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, result = str(tmp_path / "trace.json"), str(tmp_path / "result.json")
    assert main(["import", str(wake_word("okay_nabu")), "--period-ms=30", "--seconds=0.3", f"--out={trace}"]) == 0
    assert main(["simulate", trace, "--functional", f"--out={result}"]) == 0
    said = capsys.readouterr().out
    assert "functional: 0 of 10 integers of outputs differ from the reference" in said
    assert "functional: 0 of 3,848 integers of last states differ from the reference" in said
