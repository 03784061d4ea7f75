"""The bundled recogniser exported and imported again is its own trace: the same cycles, and the same integers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx

from aat_training.data.manifest import read_manifest
from aat_training.evaluate import normalised_features, run_model
from aat_training.quant.calibration import REACH
from aat_training.systems import load_system
from nnasim.hardware import load_preset
from nnasim.ir.attributes import Copy
from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics.histogram import Histogram
from nnasim.pipeline import simulate
from nnasim.reference import Reference
from tests.integration.own_recogniser import Part, parts
from tests.workloads.importers.test_torch_onnx_agreement import export
from workloads.bundled import checkpoints_folder, speech_manifest
from workloads.importers.onnx_reader import read_onnx
from workloads.importers.torch_reader import read_torch
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.lowering.lowering import to_trace

NUMERICS = {
    "int8": (),
    "lut16": ("numerics.activation=lut16", "numerics.cell_bits=16"),
    "one scale": ("numerics.per_channel=false",),
}
UTTERANCES = 2
CALLS = 120


def through_torch(part: Part, folder: Path) -> StepGraph:
    return read_torch(part.module, part.example, states=part.states)


def through_onnx(part: Part, folder: Path) -> StepGraph:
    """The same by way of a file, whose inputs and outputs stand in the same places."""
    path, whole = folder / f"{type(part.module).__name__}.onnx", through_torch(part, folder)
    export(part.module, part.example, path, dynamo=False)
    file = onnx.load(path).graph
    inputs = dict(zip(whole.inputs, (value.name for value in file.input), strict=True))
    outputs = dict(zip(whole.outputs, (value.name for value in file.output), strict=True))
    return read_onnx(path, states=[(inputs[state.input], outputs[state.output]) for state in whole.states])


Read = Callable[[Part, Path], StepGraph]


class Road:
    """The recogniser on its own road, and on that of a foreign model."""

    def __init__(self, read: Read, settings: tuple[str, ...], folder: Path) -> None:
        self.chip = load_preset("edge256", settings)
        path, numerics = checkpoints_folder() / "float", self.chip.numerics
        checkpoint, model, _ = load_system(path, "naive", numerics)
        entries = read_manifest(speech_manifest())[:UTTERANCES]
        self.native = run_model(model, checkpoint, entries, "naive", numerics)
        self.features = normalised_features(model, checkpoint, entries[0])
        _, in_float, _ = load_system(path, "float", numerics)
        graphs = {name: read(part, folder) for name, part in parts(in_float).items()}
        self.imported = to_trace(
            graphs, self.native.trace.utterances, numerics, links=links(graphs),
            calibration=calibrations(graphs, checkpoint.part("calibration")),
        )  # fmt: skip

    @property
    def operations(self) -> Iterator[tuple[str, Op, Op]]:
        """(graph, operation, the imported one), but for views, which cost nothing."""
        for graph, ops in self.native.trace.graphs.items():
            imported = [op for op in self.imported.trace.graphs[graph].ops if not op.told(Copy).view]
            yield from ((graph, *pair) for pair in zip(ops.ops, imported, strict=True))


ROADS = [(through_torch, "int8"), (through_torch, "lut16"), (through_torch, "one scale"), (through_onnx, "int8")]


@pytest.fixture(scope="module", params=ROADS, ids=lambda param: f"{param[0].__name__}, {param[1]}")
def road(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Road:
    read, numerics = request.param
    return Road(read, NUMERICS[numerics], tmp_path_factory.mktemp("models"))


def described(trace: OpTrace, op: Op) -> tuple[object, ...]:
    """Kind and bytes of an operation."""
    return op.kind, *([trace.tensors[name].bytes for name in names] for names in (op.inputs, op.outputs))


def test_the_operations_are_the_same_on_the_same_tensors(road: Road) -> None:
    for _, native, imported in road.operations:
        assert described(road.imported.trace, imported) == described(road.native.trace, native), imported.name


def test_every_integer_is_the_same(road: Road) -> None:
    """Weights, biases, tables and scales, as the chip gets them."""
    compared = set[str]()
    for _, native, imported in road.operations:
        names = [
            (f"{native.name}.rescale", f"{imported.name}.rescale"),
            *zip(native.inputs, imported.inputs, strict=True),
        ]
        for own, other in names:
            if own in road.native.constants:
                wanted, found = road.native.constants[own], road.imported.constants[other]
                np.testing.assert_array_equal(found.reshape(-1), wanted.reshape(-1), err_msg=f"{own}, {other}")
                compared.add(own)
    assert compared == set(road.native.constants)


def test_a_simulation_takes_the_same_cycles(road: Road) -> None:
    native, imported = (simulate(trace, road.chip) for trace in (road.native.trace, road.imported.trace))
    assert imported.totals == native.totals
    assert imported.frames == native.frames


def test_every_result_of_every_call_is_the_same(road: Road) -> None:
    """The executors run beside each other over real speech."""
    utterance = road.native.trace.utterances[0]
    native, imported = (
        Reference(road.native.trace, road.native.constants),
        Reference(road.imported.trace, road.imported.constants),
    )
    pairs: dict[str, list[tuple[Op, Op]]] = {}
    for graph, *pair in road.operations:
        pairs.setdefault(graph, []).append((pair[0], pair[1]))
    heard = [next(op.x for op in trace.graphs["encoder"].ops if op.kind == "quantise")
             for trace in (road.native.trace, road.imported.trace)]  # fmt: skip
    for graph, frame in list(zip(utterance.call_graphs, utterance.call_frames, strict=True))[:CALLS]:
        for executor, name in zip((native, imported), heard, strict=True):
            executor.tensors[name] = road.features[frame].reshape(executor.trace.tensors[name].shape).astype(np.float64)
            executor.run(graph)
        for own, other in pairs[graph]:
            for wanted, found in zip(own.outputs, other.outputs, strict=True):
                left, right = native.tensors[wanted], imported.tensors[found]
                np.testing.assert_array_equal(right.reshape(-1), left.reshape(-1), err_msg=f"{graph}: {other.name}")


def links(graphs: Mapping[str, StepGraph]) -> tuple[tuple[tuple[str, str], ...], ...]:
    """What passes between the graphs, whose outputs stand first and whose inputs stand in the order of forward."""
    first = {name: graph.outputs[0] for name, graph in graphs.items()}
    encoded, predicted = graphs["joint"].inputs
    return (
        (("encoder", first["encoder"]), ("encoder_top", next(iter(graphs["encoder_top"].inputs)))),
        (("encoder_top", first["encoder_top"]), ("joint", encoded)),
        (("prediction", first["prediction"]), ("joint", predicted)),
        (("joint", first["joint"]), ("prediction", next(iter(graphs["prediction"].inputs)))),
    )


def calibrations(graphs: Mapping[str, StepGraph], counts: Mapping[str, np.ndarray]) -> dict[str, Calibration]:
    """What training has counted, under the names of the graphs; all else is of size 1."""
    counted = {site: Histogram(values, REACH) for site, values in counts.items()}
    return {
        name: Calibration(dict(_histograms(graph, counted)), "mse", 1, "training") for name, graph in graphs.items()
    }


def _histograms(graph: StepGraph, counted: Mapping[str, Histogram]) -> Iterator[tuple[str, Histogram]]:
    """(value, histogram); what training has no histogram of needs none but to be no nothing."""
    yield from ((name, Histogram.of(np.ones(1))) for name in (*graph.inputs, *graph.values))
    for node in graph.nodes:
        if node.operator == "LSTM":
            layer = next(site.removesuffix(".cell") for site in counted if site.removesuffix(".cell") in node.name)
            yield from ((f"{node.name}.{part}", counted[f"{layer}.{part}"]) for part in ("sigmoid", "tanh", "cell"))
        elif node.operator == "Gather":
            yield node.outputs[0], counted["embedding"]
        elif node.operator == "Tanh":
            yield node.inputs[0], counted["joint"]
    first = graph.inputs[next(iter(graph.inputs))]
    if first.shape == (1, 1, 120):
        yield next(iter(graph.inputs)), counted["features"]
