"""Operators that constants and shapes decide never run."""

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, read, refused, tensor
from tests.workloads.onnx_models import helper, model, onnxruntime_says
from workloads.stepgraph.graph import Array


def constant(**value: object) -> Array:
    graph = read(model([helper.make_node("Constant", [], ["out"], **value)], {}, ["out"], opset=13))
    assert not graph.nodes
    return graph.constants["out"]


def test_constants_hold_tensors_numbers_and_lists() -> None:
    assert constant(value=tensor(ints(1, 2))).tolist() == [1, 2]
    assert constant(value_int=3).tolist() == 3
    assert constant(value_ints=[3, 4]).tolist() == [3, 4]
    assert constant(value_float=0.5).dtype == F
    assert constant(value_floats=[0.5]).tolist() == [0.5]


def test_a_constant_of_texts_is_refused() -> None:
    assert refused("Constant", value_string="x") == "holds no tensor of numbers"


def test_shapes_and_sizes_of_what_arrives_are_known() -> None:
    x = floats(2, 3, 4)
    for graph in (
        agree("Shape", x), agree("Shape", x, opset=15, start=1), agree("Shape", x, opset=15, start=-2, end=-1),
        agree("Size", x),
    ):  # fmt: skip
        assert not graph.nodes


def test_ranges_agree() -> None:
    agree("Range", ints(2).reshape(()), ints(9).reshape(()), ints(3).reshape(()), constants=[0, 1, 2])
    agree("Range", *(np.array(number, F) for number in (1, -0.5, -0.25)), constants=[0, 1, 2])
    agree("Range", ints(2).reshape(()), ints(2).reshape(()), ints(1).reshape(()), constants=[0, 1, 2])
    assert refused("Range", *(np.array(number) for number in (0, 9, 0)), constants=[0, 1, 2]) == (
        "counts from 0 to 9 in steps of 0"
    )


def test_one_value_fills_a_shape() -> None:
    agree("ConstantOfShape", ints(2, 3), constants=[0], value=tensor(np.array([7], np.int64)))
    agree("ConstantOfShape", ints(2, 3), constants=[0])
    assert refused("ConstantOfShape", ints(2, 3)) == "what arrives decides its shape"


def test_masks_of_a_triangle_and_a_diagonal_agree() -> None:
    x = floats(2, 3, 4)
    agree("Trilu", x)
    agree("Trilu", x, ints(1).reshape(()), constants=[1], upper=0)
    agree("Trilu", x, ints(-1).reshape(()), constants=[1], upper=1)
    agree("EyeLike", floats(3, 4), k=1)


@pytest.mark.parametrize("operator", ["HannWindow", "HammingWindow", "BlackmanWindow"])
@pytest.mark.parametrize("periodic", [0, 1])
def test_windows_agree(operator: str, periodic: int) -> None:
    agree(operator, ints(16).reshape(()), constants=[0], periodic=periodic)


def test_what_is_not_zero_and_products_fold() -> None:
    agree("NonZero", np.array([[1, 0], [0, 3]]), constants=[0])
    agree("ReduceProd", ints(2, 3, 4), constants=[0], keepdims=0)
    agree("ReduceProd", floats(2, 3), constants=[0], axes=[1])


@pytest.mark.parametrize("zero", [None, np.array([3, -2], np.int8)])
def test_weights_of_integers_are_the_reals_that_they_stand_for(zero: Array | None) -> None:
    weight, scale = np.array([[1, -2], [3, 100]], np.int8), np.array([0.5, 0.25], F)
    agree("DequantizeLinear", weight, scale, zero, constants=[0, 1, 2][: 3 if zero is not None else 2], axis=0)
    agree("DequantizeLinear", weight, np.array(0.5, F), constants=[0, 1])
    assert refused("DequantizeLinear", weight, np.array(0.5, F), constants=[1]) == "what arrives decides its operand"


def test_what_hangs_on_shapes_alone_is_decided_by_them() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["rows"]),
        helper.make_node("Mul", ["rows", "two"], ["double"]),
        helper.make_node("Concat", ["double", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    constants = {"one": ints(1), "two": ints(2), "rest": ints(-1)}
    x = floats(4, 3)
    proto = model(nodes, {"x": x}, ["y"], constants)
    graph = read(proto)
    assert [node.operator for node in graph.nodes] == ["Reshape"]
    assert graph.tensor("y").shape == onnxruntime_says(proto, {"x": x})[0].shape
    assert [node.operator for node in graph.folded] == ["Shape", "Gather", "Mul", "Concat"]
