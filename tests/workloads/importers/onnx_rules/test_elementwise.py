"""Operators that work element by element, of every version that differs."""

import numpy as np
import pytest
from onnx import TensorProto

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, operators, refused
from tests.workloads.onnx_models import helper

LINE = np.array([-100, -20, -3, -1.5, -0.5, 0, 0.5, 1, 2.5, 3, 20, 100], F)


FUNCTIONS = (
    *(
        "Abs",
        "Ceil",
        "Celu",
        "Cos",
        "Elu",
        "Erf",
        "Exp",
        "Floor",
        "HardSigmoid",
        "HardSwish",
        "LeakyRelu",
        "Log",
        "Neg",
    ),
    *("Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh"),
    "ThresholdedRelu",
)


@pytest.mark.parametrize("operator", FUNCTIONS)
def test_functions_of_one_value_agree(operator: str) -> None:
    x = np.abs(LINE) + F(0.1) if operator in ("Reciprocal", "Sqrt", "Log") else LINE
    agree(operator, x if operator != "Tan" else x[4:8], within=2e-5)


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("Elu", {"alpha": 0.3}),
        ("HardSigmoid", {"alpha": 0.1, "beta": 0.4}),
        ("LeakyRelu", {"alpha": 0.2}),
        ("Selu", {"alpha": 1.2, "gamma": 0.9}),
        ("Celu", {"alpha": 2.0}),
        ("ThresholdedRelu", {"alpha": 0.7}),
    ],
)
def test_their_numbers_are_read(operator: str, attributes: dict[str, float]) -> None:
    agree(operator, LINE, **attributes)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_agrees(approximate: str) -> None:
    agree("Gelu", LINE, opset=20, approximate=approximate)


def test_mish_and_swish_are_products() -> None:
    assert operators(agree("Mish", LINE, opset=18)) == ["Softplus", "Tanh", "Mul"]


@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul", "Div"])
def test_arithmetic_broadcasts(operator: str) -> None:
    agree(operator, floats(2, 1, 3), floats(4, 1) + F(3))
    agree(operator, floats(2, 1, 3), floats(4, 1) + F(3), constants=[1])


def test_powers_take_integers_beside_floats() -> None:
    agree("Pow", np.abs(LINE), ints(2), constants=[1])
    agree("Pow", np.abs(LINE), np.array(0.5, F))


@pytest.mark.parametrize("operator", ["Max", "Min", "Sum", "Mean"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_takes_any_number_of_operands_is_a_chain(operator: str, count: int) -> None:
    agree(operator, *(floats(2, 3, seed=seed) for seed in range(count)))


@pytest.mark.parametrize("operator", ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"])
def test_comparisons_agree(operator: str) -> None:
    agree(operator, ints(1, 2, 3), ints(2, 2, 2))


@pytest.mark.parametrize("operator", ["And", "Or", "Xor"])
def test_logic_agrees(operator: str) -> None:
    agree(operator, np.array([True, True, False, False]), np.array([True, False, True, False]))


def test_truths_are_turned_and_choose() -> None:
    agree("Not", np.array([True, False]))
    agree("Where", np.array([[True], [False]]), floats(1, 3), floats(2, 1, seed=1))
    agree("IsNaN", np.array([1, np.nan], F))


@pytest.mark.parametrize("fmod", [0, 1])
def test_rests_agree(fmod: int) -> None:
    agree("Mod", ints(-7, 7, 5), ints(3, -3, 2), fmod=fmod)


def test_bounds_are_operands_or_attributes() -> None:
    agree("Clip", LINE, np.array(-1, F), np.array(2, F), constants=[1, 2])
    agree("Clip", LINE, None, np.array(2, F), constants=[2])
    agree("Clip", LINE, np.array(-1, F))
    agree("Clip", LINE, opset=10, min=-1.0, max=2.0)
    agree("Clip", LINE, opset=10)


def test_a_slope_for_each_channel_is_two_relus() -> None:
    graph = agree("PRelu", floats(1, 3, 4), np.array([0.1, 0.2, 0.3], F).reshape(3, 1), constants=[1])
    assert sorted(operators(graph)) == ["Mul", "Neg", "Relu", "Relu", "Sub"]


@pytest.mark.parametrize("to", ["float32", "float64", "int64", "int32", "bool", "uint8"])
def test_types_change(to: str) -> None:
    number = helper.np_dtype_to_tensor_dtype(np.dtype(to))
    if to != "float64":
        agree("Cast", np.array([0, 0.9, 1.5, 100], F), to=number)
        agree("CastLike", ints(0, 1, 3), np.zeros(1, to), folds=True)


def test_floats_of_any_precision_are_one_type_where_they_flow() -> None:
    graph = agree("Cast", ints(1, 2), to=helper.np_dtype_to_tensor_dtype(np.dtype("float32")))
    assert graph.tensor("out0").dtype == "float32"


def test_what_changes_nothing_is_gone() -> None:
    assert not agree("Identity", LINE).nodes
    assert not agree("Dropout", LINE).nodes


def test_what_drops_at_random_is_refused() -> None:
    training = np.array(True)
    assert refused("Dropout", LINE, np.array(0.5, F), training, constants=[1, 2]) == "drops values at random"


def test_types_that_do_not_fit_are_refused() -> None:
    assert refused("Add", LINE, ints(*range(12))) == "takes operands of one type, not float32 and int64"
    assert refused("Add", floats(2, 3), floats(4, 3)) == "shapes (2, 3) and (4, 3) do not fit each other"
    assert refused("Sigmoid", ints(1)) == "takes no int64, only float32 and float64"
    assert refused("And", LINE, LINE) == "takes no float32, only bool"
    assert refused("Add", LINE) == "has too few operands, or too many: 1, where 2 are allowed"


def test_what_a_node_says_and_no_rule_knows_is_refused_and_never_passed_over() -> None:
    assert refused("Relu", LINE, future=1) == "says future, which is not known here"
    assert refused("Identity", LINE, LINE) == "has more operands than are known here"


@pytest.mark.parametrize("kind", ["INT4", "UINT4", "FLOAT8E4M3FN", "FLOAT8E5M2", "FLOAT4E2M1"])
def test_rounding_to_an_arithmetic_of_its_own_is_refused(kind: str) -> None:
    assert "an arithmetic of its own" in refused("Cast", floats(2, 3), to=getattr(TensorProto, kind))
