from dataclasses import replace

import pytest

from workloads.stepgraph.affine import Affine
from workloads.stepgraph.graph import Node, StepGraph, Tensor
from workloads.stepgraph.integers.stored_ranges import stored_calibration

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


def test_a_file_that_lacks_a_range_needs_calibrating() -> None:
    assert stored_calibration(replace(GRAPH, affine={})) is None
    assert stored_calibration(replace(GRAPH, affine={"x": GRAPH.affine["x"]})) is None
