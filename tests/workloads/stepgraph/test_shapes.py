"""Every rule of shapes says what its kernel gives, and refuses what does not fit before anything is computed."""

from typing import Any

import numpy as np
import pytest

from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import OPERATORS, Array, Tensor
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.refusals import CannotEnterError
from workloads.stepgraph.shapes.table import MOST_ELEMENTS, RULES, tensors_of

F = np.float32
CONV = {"group": 2, "kernel_shape": (3,), "strides": (2,), "dilations": (1,), "pads": (1, 0)}
KEEP = {"axes": (0, 2), "keepdims": 0}


def x(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(F)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


EXAMPLES: list[tuple[str, list[Array | None], dict[str, Any]]] = [
    ("Relu", [x(2, 3)], {}),
    ("Clip", [x(2, 3), None, np.array(1, F)], {}),
    ("Add", [x(2, 1, 3), x(4, 1)], {}),
    ("Less", [x(2, 1), x(3)], {}),
    ("And", [x(2) > 0, x(2) > 1], {}),
    ("Not", [x(2) > 0], {}),
    ("Where", [x(2, 1) > 0, x(3), x(1, 3)], {}),
    ("MatMul", [x(3), x(2, 3, 4)], {}),
    ("Conv", [x(1, 4, 9), x(6, 2, 3), x(6)], CONV),
    ("ConvTranspose", [x(1, 4, 5), x(4, 3, 3), x(6)], {**CONV, "output_padding": (1,)}),
    ("LSTM", [x(3, 2, 4), x(1, 20, 4), x(1, 20, 3), None, None, None, None, None, x(1, 3, 5)], {"hidden_size": 5}),
    ("GRU", [x(3, 2, 4), x(1, 15, 4), x(1, 15, 5)], {"hidden_size": 5, "linear_before_reset": 0}),
    ("ReduceMean", [x(2, 3, 4)], KEEP),
    ("ReduceSum", [x(2, 3, 4), ints(1)], {"keepdims": 1}),
    ("ArgMax", [x(2, 3, 4)], {"axis": 1, "keepdims": 0, "select_last_index": 0}),
    ("CumSum", [x(2, 3), np.array(1)], {"exclusive": 0, "reverse": 0}),
    ("Softmax", [x(2, 3)], {"axis": 1}),
    ("LayerNormalization", [x(2, 3), x(3)], {"axis": 1, "epsilon": 1e-5}),
    ("Concat", [x(2, 3), x(2, 1)], {"axis": 1}),
    ("Slice", [x(4, 5), ints(-9, 4), ints(9, -9), ints(0, 1), ints(3, -2)], {}),
    ("Split", [x(2, 5), ints(2, 3)], {"axis": 1}),
    ("Transpose", [x(2, 3, 4)], {"perm": (2, 0, 1)}),
    ("Reshape", [x(2, 6), ints(3, 4)], {}),
    ("Expand", [x(3, 1), ints(2, 3, 5)], {}),
    ("Pad", [x(2, 3), ints(1, -1, 0, 2), np.array(0, F)], {"mode": "constant"}),
    ("Cast", [x(2)], {"to": "int32"}),
    ("Gather", [x(4, 5, 6), ints(1, 0).reshape(1, 2)], {"axis": 1}),
    ("GatherElements", [x(4, 5), np.zeros((2, 7), np.int64)], {"axis": 1}),
    ("ScatterElements", [x(4, 5), np.zeros((2, 1), np.int64), x(2, 1)], {"axis": 1, "reduction": "none"}),
    ("TopK", [x(4, 5), ints(3)], {"axis": 1, "largest": 1, "sorted": 1}),
]


def values(operands: list[Array | None]) -> list[Value | None]:
    return [None if array is None else Value.known("x", array) for array in operands]


@pytest.mark.parametrize(("operator", "operands", "attributes"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_a_rule_says_what_its_kernel_gives(
    operator: str, operands: list[Array | None], attributes: dict[str, Any]
) -> None:
    said = tensors_of(operator, attributes, values(operands))
    given = apply(operator, attributes, operands)
    assert [Tensor(array.shape, str(array.dtype)) for array in given] == list(said)


def test_every_operator_has_a_rule() -> None:
    assert set(RULES) == set(OPERATORS)


@pytest.mark.parametrize(
    ("operator", "operands", "attributes", "why"),
    [
        ("Add", [x(2), x(3)], {}, "do not fit each other"),
        ("Add", [x(2)], {}, "too few operands, or too many"),
        ("Add", [x(2), None], {}, "too few operands, or too many"),
        ("Relu", [x(2), x(2)], {}, "too few operands, or too many"),
        ("Exp", [ints(1)], {}, "takes no int64"),
        ("Clip", [x(2), x(2)], {}, "has a bound"),
        ("MatMul", [x(2, 3), x(4, 2)], {}, "do not fit each other"),
        ("MatMul", [np.array(1, F), x(4, 2)], {}, "no single number"),
        ("Conv", [x(1, 4, 9), x(6, 4, 3)], CONV, "4 channels in 2 groups"),
        ("Conv", [x(1, 4, 9), x(6, 2, 3), x(5)], CONV, "a bias"),
        ("GRU", [x(3, 2, 4), x(1, 15, 3), x(1, 15, 5)], {"hidden_size": 5}, "W is"),
        ("ReduceMax", [x(2, 0)], {"axes": (1,), "keepdims": 0}, "without elements"),
        ("Reshape", [x(1, 2), ints(*[1] * 32, 2)], {}, "has 33 axes, of which at most 32 are allowed"),
        ("Slice", [x(4), ints(0), ints(1), ints(3), ints(1)], {}, "has no axis 3"),
        ("Reshape", [x(4), ints(5)], {}, "cannot be given the shape"),
        ("Pad", [x(1), ints(1, 1)], {"mode": "reflect"}, "too short for mode reflect"),
        ("Pad", [x(1), ints(-2, 0), np.array(0, F)], {"mode": "constant"}, "cannot be padded"),
        ("Gather", [x(4), x(1)], {"axis": 0}, "takes places of int32 or int64"),
        ("GatherElements", [x(4, 1), np.zeros((4, 2), np.int64)], {"axis": 0}, "do not lie within"),
        ("ScatterElements", [x(4), ints(0), x(2)], {"axis": 0, "reduction": "none"}, "puts float32 (2,)"),
        ("TopK", [x(4), ints(5)], {"axis": 0}, "takes (5,) of axis 0"),
        ("Expand", [x(1), ints(MOST_ELEMENTS + 1)], {}, "of which at most"),
        ("Expand", [x(0, 1), ints(0, 2**62)], {}, "of which at most"),
    ],
)
def test_what_does_not_fit_is_refused(
    operator: str, operands: list[Array | None], attributes: dict[str, Any], why: str
) -> None:
    with pytest.raises(CannotEnterError) as error:
        tensors_of(operator, attributes, values(operands))
    assert why in str(error.value)


def test_a_shape_that_what_arrives_decides_is_no_shape() -> None:
    arriving = Value("n", Tensor((1,), "int64"))
    with pytest.raises(CannotEnterError, match="what arrives decides its shape"):
        tensors_of("Reshape", {}, [Value("x", Tensor((4,))), arriving])
