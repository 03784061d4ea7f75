from dataclasses import replace

import pytest

from tests.workloads.stepgraph.exact import noise
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import lowered
from workloads.stepgraph.affine import Affine
from workloads.stepgraph.graph import Node, StepGraph, Tensor
from workloads.stepgraph.integers.calibration import calibrate
from workloads.stepgraph.integers.spans import derived
from workloads.stepgraph.integers.stored_ranges import stored_calibration
from workloads.stepgraph.normal.normalise import normalised

X = Tensor((2, 3))
GRAPH = StepGraph(
    name="",
    nodes=(
        Node("turn", "Transpose", ("x",), ("turned",), {"perm": (1, 0)}),
        Node("relu", "Relu", ("turned",), ("y",)),
    ),
    inputs={"x": X},
    values={"turned": Tensor((3, 2)), "y": Tensor((3, 2))},
    constants={},
    outputs=("y",),
    affine={"x": Affine((0.5,), (0,), 8), "y": Affine((0.25,), (-128,), 8)},
)


def test_a_value_has_the_range_that_the_files_integers_hold() -> None:
    calibration = stored_calibration(GRAPH)
    assert calibration is not None
    assert calibration.range("x", bits=8) == pytest.approx(64, rel=1e-3)
    assert calibration.range("y", bits=8) == pytest.approx(255 / 4, rel=1e-3)
    assert calibration.step("y", bits=8) == pytest.approx(2 * 0.25, rel=1e-2), "zero is the integer 0 on the chip"
    assert not calibration.is_random


def test_what_only_moves_has_the_range_of_what_it_moves() -> None:
    calibration = stored_calibration(GRAPH)
    assert calibration is not None
    assert calibration.range("turned", bits=8) == calibration.range("x", bits=8)


def test_what_a_function_makes_of_a_range_needs_none_of_its_own() -> None:
    calibration = stored_calibration(replace(GRAPH, affine={"x": GRAPH.affine["x"]}))
    assert calibration is not None
    assert calibration.range("y", bits=8) == pytest.approx(127 / 2, rel=1e-2)


def test_a_file_that_lacks_a_range_needs_calibrating() -> None:
    assert stored_calibration(replace(GRAPH, affine={})) is None
    sheet = Sheet(x=(1, 4))
    graph = sheet.graph(sheet.op("MatMul", "x", sheet.weight(4, 4)))
    assert stored_calibration(replace(graph, affine={"x": GRAPH.affine["x"]})) is None, "a sum says little of its size"


def lstm(projection: int = 0) -> StepGraph:
    sheet = Sheet(x=(2, 1, 3), h=(1, 1, projection or 4), c=(1, 1, 4))
    y, h, c = sheet.lstm("x", 4, "h", "c", projection=projection)
    sheet.state("h", h)
    sheet.state("c", c)
    return sheet.graph(y)


def gru() -> StepGraph:
    sheet = Sheet(x=(2, 1, 3), h=(1, 1, 4))
    y, h = sheet.gru("x", 4, "h")
    sheet.state("h", h)
    return sheet.graph(y)


CELL = Affine((2.0**-12,), (0,), 16)
HALF = Affine((0.5,), (0,), 8)


@pytest.mark.parametrize(
    ("graph", "stored"),
    [
        (lstm(), {"x": HALF, "h": HALF, "c": CELL, "lstm.out2": CELL}),
        (lstm(2), {"x": HALF, "h": HALF, "lstm.out0": HALF, "lstm.out1": HALF, "c": CELL, "lstm.out2": CELL}),
        (gru(), {"x": HALF, "h": HALF}),
    ],
    ids=["lstm", "lstm with a projection", "gru"],
)
def test_what_is_inside_of_a_recurrent_layer_has_the_range_that_its_operands_give(
    graph: StepGraph, stored: dict[str, Affine]
) -> None:
    calibration = stored_calibration(replace(graph, affine=stored))
    assert calibration is not None
    name = graph.nodes[0].name
    assert calibration.range(f"{name}.tanh", bits=16) == pytest.approx(8, rel=1e-2), "where gates saturate"
    if name == "lstm":
        assert calibration.range("lstm.cell", bits=8) == pytest.approx(8, rel=1e-2), "the file's own, of 16 bits"
    assert lowered(graph, calibration=calibration).constants is not None


@pytest.mark.parametrize("seed", range(3))
def test_no_value_leaves_the_range_that_its_operands_give(seed: int) -> None:
    """Held against what calibration sees of steps that the inputs' ranges hold."""
    sheet = Sheet(seed=seed, x=(2, 6), h=(1, 1, 6))
    a = sheet.op("Mul", "x", sheet.op("Sigmoid", sheet.op("Sub", "x", sheet.weight(6))))
    b = sheet.op("Max", sheet.op("Concat", a, "x", axis=0), sheet.constant(-0.5))
    y, h = sheet.gru(sheet.reshape(sheet.op("Softmax", b, axis=1), 4, 1, 6), 6, "h")
    sheet.state("h", h)
    out = sheet.op("LayerNormalization", sheet.reshape(y, 4, 6), sheet.weight(6), sheet.weight(6), axis=1)
    normal = normalised(sheet.graph(out))
    spans = derived(normal, {"x": (-4.0, 4.0), "h": (-1.0, 1.0)}, loosely=True)
    seen = calibrate(normal.origin, noise(normal.origin, calls=20), "max")
    names = [name for name, tensor in normal.graph.values.items() if tensor.dtype == "float32"]
    assert {*names, "gru.sigmoid"} - spans.keys() == set()
    for name in (*names, "gru.sigmoid"):
        if name in seen.histograms:
            assert max(map(abs, spans[name])) >= seen.range(name, bits=16) * (1 - 2**-7), name
