"""Reductions, searches and normalisations, of every version that differs."""

from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, operators, refused

X = floats(2, 3, 4)
REDUCTIONS = (
    *("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum"),
    "ReduceLogSumExp",
)


@pytest.mark.parametrize("operator", REDUCTIONS)
@pytest.mark.parametrize("axes", [[0], [-1, 1], None])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("opset", [11, 13, 18])
def test_reductions_name_axes_by_attribute_or_operand(
    operator: str, axes: list[int] | None, keepdims: int, opset: int
) -> None:
    x = np.abs(X) + F(0.1) if operator == "ReduceLogSum" else X
    by_operand = opset >= (13 if operator == "ReduceSum" else 18)
    if axes is None:
        agree(operator, x, opset=opset, keepdims=keepdims)
    elif by_operand:
        agree(operator, x, ints(*axes), constants=[1], opset=opset, keepdims=keepdims)
    else:
        agree(operator, x, opset=opset, axes=axes, keepdims=keepdims)


def test_no_axes_may_mean_none() -> None:
    assert not agree("ReduceSum", X, noop_with_empty_axes=1).nodes
    assert not agree("ReduceLogSumExp", X, opset=18, noop_with_empty_axes=1).nodes
    assert refused("ReduceMean", X, axes=[3]) == "names axis 3 of 3, where -3 to 2 are allowed"
    assert refused("ReduceSum", X, ints(0)) == "what arrives decides its axes"


@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("last", [0, 1])
def test_places_of_the_extremes_agree(operator: str, last: int) -> None:
    agree(operator, np.round(X), axis=-1, keepdims=0, select_last_index=last)


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [0, 1, 2, None])
@pytest.mark.parametrize("opset", [11, 13])
def test_softmax_takes_one_axis_or_before_opset_13_all_behind_it(operator: str, axis: int | None, opset: int) -> None:
    agree(operator, X, opset=opset, **({} if axis is None else {"axis": axis}))


def test_running_sums_agree() -> None:
    agree("CumSum", X, ints(-1).reshape(()), constants=[1], exclusive=1)
    agree("CumSum", X, ints(0), constants=[1], reverse=1)


@pytest.mark.parametrize("opset", [9, 15])
@pytest.mark.parametrize("rank", [2, 3, 4])
def test_statistics_of_training_are_a_scale_and_a_shift(opset: int, rank: int) -> None:
    x = floats(2, 3, 4, 5)[(..., *(0,) * (4 - rank))]
    parts = [floats(3, seed=1), floats(3, seed=2), floats(3, seed=3), np.abs(floats(3, seed=4)) + F(0.2)]
    graph = agree("BatchNormalization", x, *parts, constants=[1, 2, 3, 4], opset=opset, epsilon=1e-3)
    assert operators(graph) == ["Mul", "Add"]


def test_statistics_of_what_arrives_are_refused() -> None:
    parts = [np.ones(3, F)] * 4
    assert refused("BatchNormalization", X, *parts, constants=[1, 2, 3, 4], opset=15, training_mode=1) == (
        "takes its statistics from what arrives"
    )
    assert refused("BatchNormalization", X, *parts, constants=[1, 2, 3]) == "what arrives decides its variance"
    assert "do not fit the channels" in refused("BatchNormalization", X, *[np.ones(4, F)] * 4, constants=[1, 2, 3, 4])


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("biased", [False, True])
def test_layer_normalisation_agrees(axis: int, biased: bool) -> None:
    parts: list[Any] = [floats(*X.shape[axis:], seed=1), *([floats(*X.shape[axis:], seed=2)] if biased else [])]
    agree("LayerNormalization", X, *parts, axis=axis, epsilon=1e-3, within=2e-5)
    assert "gives out1 too" in refused("LayerNormalization", X, *parts, axis=axis, outputs=2)


def test_other_normalisations_agree() -> None:
    x = floats(2, 6, 5)
    scale, shift = floats(6, seed=1), floats(6, seed=2)
    agree("InstanceNormalization", x, scale, shift, within=2e-5)
    agree("GroupNormalization", x, scale, shift, opset=21, num_groups=3, within=2e-5)
    agree("GroupNormalization", x, scale[:3], shift[:3], opset=18, num_groups=3, within=2e-5)
    assert "does not fit the channels" in refused("GroupNormalization", x, scale, shift, opset=21, num_groups=4)


def test_the_root_mean_square_normalises() -> None:
    agree("RMSNormalization", X, floats(4, seed=1), opset=23, within=2e-5)
