"""Which integers of a TensorFlow Lite model the chip has too: its weights, all of them; its activations, nearly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.tflite_files import G, Op, Runtime, T, constant, file_bytes, wake_word

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


def integer_lstm(units: int, width: int, steps: int) -> G:
    """An LSTM of 8 bits with a cell of 16, as TensorFlow Lite's converter writes it, and what its gates span."""
    random, x_step, h_step = np.random.default_rng(0), 0.02, 1 / 128

    def weights(*shape: int) -> T:
        values = random.normal(size=shape) / 2
        step = float(np.abs(values).max()) / 127
        return constant(np.round(values / step).astype(np.int8), scale=step)

    heard, own = ([weights(units, size) for _ in range(4)] for size in (width, units))
    biases = [
        constant(
            np.round(random.normal(size=units) / (x_step * of_x.scale)).astype(np.int32), scale=x_step * of_x.scale
        )
        for of_x in heard
    ]
    tensors = [
        T((1, steps, width), "INT8", scale=x_step, zero=3),
        T((1, steps, units), "INT8", scale=h_step),
        T((1, units), "INT8", scale=h_step, variable=True),
        T((1, units), "INT16", scale=2.0**-12, variable=True),
        *heard, *own, *biases,
        *[T((), "INT16", scale=2.0**-12, name=f"gate{gate}") for gate in range(4)],
        T((), "INT8", scale=h_step, name="hidden"),
    ]  # fmt: skip
    inputs = [0, *range(4, 12), -1, -1, -1, *range(12, 16), -1, -1, 2, 3, -1, -1, -1, -1]
    options = {"FusedActivationFunction": 4}
    kind = "UnidirectionalSequenceLSTMOptions"
    op = Op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [1], kind, options, intermediates=range(16, 21))
    return G(tensors, [op], outputs=(1,))


@pytest.mark.parametrize("steps", [1, 3])
def test_an_lstm_of_integers_needs_no_calibration_and_says_what_the_interpreter_says(
    steps: int, tmp_path: Path
) -> None:
    path = tmp_path / "lstm.tflite"
    path.write_bytes(file_bytes(integer_lstm(6, 3, steps)))
    graph, runtime = read_tflite(path), Runtime(path)
    model = nnasim.import_model(graph, period_ms=30, seconds=1).record
    assert (model.trace.imported.claim, model.trace.imported.reason) == ("exact", "")
    reference, (step_graph,) = Reference(model.trace, model.constants), model.trace.graphs
    tensors = model.trace.tensors
    source, target = (next(key for key, spec in tensors.items() if spec.role == role) for role in ("input", "output"))
    power = np.zeros(2)
    for step in np.random.default_rng(1).integers(-128, 128, size=(60, 1, steps, 3)).astype(np.int8):
        reals = graph.affine["t0"].reals(step).astype(np.float64)
        reference.tensors[source] = reals.reshape(tensors[source].shape)
        reference.run(step_graph)
        said = runtime(step)[0].reshape(-1).astype(float)
        power += np.square(said).sum(), np.square(said - reference.tensors[target].reshape(-1)).sum()
    assert 10 * np.log10(power[0] / power[1]) > 20, "its cell has 8 bits here and 16 there"


def test_the_simulated_chip_computes_an_integer_lstms_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, trace, result = (tmp_path / name for name in ("lstm.tflite", "trace.json", "result.json"))
    path.write_bytes(file_bytes(integer_lstm(6, 3, 2)))
    assert main(["import", str(path), "--period-ms=30", "--seconds=0.3", f"--out={trace}"]) == 0
    assert main(["simulate", str(trace), "--functional", f"--out={result}"]) == 0
    assert "functional: 0 of 120 integers of outputs differ from the reference" in capsys.readouterr().out
