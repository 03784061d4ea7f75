"""Operators that move, repeat or choose elements, of every version that differs."""

from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, operators, refused

X = floats(2, 3, 4)


def test_reshapes_keep_a_size_for_0_and_take_the_rest_for_minus_1() -> None:
    for shape in ((0, -1), (-1,), (4, 0, 2), (3, 2, -1, 1)):
        agree("Reshape", X, ints(*shape), constants=[1])
    agree("Reshape", floats(0, 3), ints(3, 0), constants=[1], opset=14, allowzero=1)
    assert refused("Reshape", X, ints(5, -1), constants=[1]) == "(2, 3, 4) cannot be given the shape (5, -1)"
    assert refused("Reshape", X, ints(-1, -1), constants=[1]) == "(2, 3, 4) cannot be given the shape (-1, -1)"


def test_a_shape_that_arrives_is_refused() -> None:
    assert refused("Reshape", X, ints(4, 6)) == "what arrives decides its shape"


@pytest.mark.parametrize("axis", [0, 1, -1, 3])
def test_flattened_values_have_two_axes(axis: int) -> None:
    agree("Flatten", X, axis=axis)


def test_axes_of_one_element_come_and_go() -> None:
    x = floats(1, 3, 1, 4)
    agree("Squeeze", x, ints(0, -2), constants=[1])
    agree("Squeeze", x)
    agree("Squeeze", x, opset=11, axes=[0])
    agree("Unsqueeze", X, ints(0, -1), constants=[1])
    agree("Unsqueeze", X, opset=11, axes=[1, 3])
    assert "not all of one element" in refused("Squeeze", x, ints(1), constants=[1])
    assert refused("Unsqueeze", X, ints(0, 0), constants=[1]) == "names an axis of (0, 0) twice"
    assert refused("Unsqueeze", X, ints(7), constants=[1]) == "names axis 7 of 4, where -4 to 3 are allowed"


def test_a_transpose_without_an_order_turns_all_axes_round() -> None:
    agree("Transpose", X)
    agree("Transpose", X, perm=[2, 0, 1])
    assert "no order of the axes" in refused("Transpose", X, perm=[0, 0, 1])


def test_slices_have_operands_or_attributes() -> None:
    agree("Slice", X, ints(1), ints(3), constants=[1, 2])
    agree("Slice", X, ints(0, -1), ints(2**62, -5), ints(-2, 2), ints(2, -1), constants=[1, 2, 3, 4])
    agree("Slice", X, ints(-99), ints(2), ints(2), ints(1), constants=[1, 2, 3, 4])
    agree("Slice", X, opset=9, starts=[0, 1], ends=[1, 99], axes=[0, 2])
    agree("Slice", X, opset=9, starts=[1], ends=[-1])
    assert refused("Slice", X, ints(0), ints(1)) == "what arrives decides its bounds"
    assert (
        refused("Slice", X, ints(0), ints(1), ints(5), constants=[1, 2, 3])
        == "names axis 5 of 3, where -3 to 2 are allowed"
    )
    assert refused("Slice", X, ints(0), ints(1, 2), constants=[1, 2]) == "has bounds of different lengths"
    assert refused("Slice", X, ints(0), ints(1), ints(0), ints(0), constants=[1, 2, 3, 4]) == "slices in steps of 0"


def test_splits_have_sizes_from_anywhere() -> None:
    agree("Split", X, ints(1, 3), constants=[1], outputs=2, axis=2)
    agree("Split", X, outputs=3, axis=1)
    agree("Split", X, opset=11, outputs=2, axis=-1, split=[3, 1])
    agree("Split", floats(2, 7), opset=18, outputs=3, axis=1, num_outputs=3)
    assert "do not share out axis 2" in refused("Split", X, ints(1, 2), constants=[1], outputs=2, axis=2)


def test_what_is_put_together_or_repeated_agrees() -> None:
    agree("Concat", X, X[:, :1], axis=-2)
    agree("Expand", X[:, :1], ints(3, 1), constants=[1])
    agree("Expand", floats(3, 1), ints(2, 1, 4), constants=[1])
    agree("Tile", X, ints(1, 2, 3), constants=[1])
    agree("Tile", X, ints(1, 1, 1), constants=[1])
    assert "together along 0" in refused("Concat", X, floats(2, 3, 5), axis=0)
    assert refused("Expand", X, ints(5, 1, 1), constants=[1]) == "(2, 3, 4) cannot be repeated to (5, 1, 1)"


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_paddings_have_operands_or_attributes(mode: str) -> None:
    agree("Pad", X, ints(0, 1, 1, 1, 0, 2), constants=[1], mode=mode)
    agree("Pad", X, opset=10, pads=[0, 1, 1, 1, 0, 2], mode=mode)
    agree("Pad", X, ints(1, 2), None, ints(-1), constants=[1, 3], opset=18, mode=mode)
    assert not agree("Pad", X, ints(*[0] * 6), constants=[1], mode=mode).nodes


def test_a_padding_has_a_value() -> None:
    agree("Pad", X, ints(0, 0, 1, 0, 0, 0), np.array(5, F), constants=[1, 2])
    agree("Pad", X, opset=10, pads=[0, 0, 1, 0, 0, 0], value=5.0)
    assert "do not fit" in refused("Pad", X, ints(1, 1), constants=[1])


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_blocks_of_channels_become_pixels_and_back(mode: str) -> None:
    agree("DepthToSpace", floats(1, 8, 2, 3), blocksize=2, mode=mode)
    if mode == "DCR":
        agree("SpaceToDepth", floats(1, 2, 4, 6), blocksize=2)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_codes_agree(axis: int) -> None:
    agree("OneHot", ints(0, 2, -1), ints(4), np.array([2, 5], F), constants=[1, 2], axis=axis)


@pytest.mark.parametrize("axis", [0, -1])
def test_gathered_rows_and_elements_agree(axis: int) -> None:
    agree("Gather", X, ints(0, -1, 1), constants=[1], axis=axis)
    agree("Gather", X, ints(1, 0), axis=axis)
    agree("GatherElements", X, np.zeros((1, 2, 3), np.int64), axis=axis)


def test_places_of_several_axes_agree_where_they_are_constant() -> None:
    pairs = np.array([[[0, 2], [1, -1]]])
    agree("GatherND", X, pairs, constants=[1])
    agree("GatherND", X, np.array([[0, 1, 3], [1, 2, 0]]), constants=[1])
    agree("ScatterND", X, pairs, floats(1, 2, 4, seed=1), constants=[1], opset=16)
    agree("ScatterND", X, np.array([[1]]), floats(1, 3, 4, seed=1), constants=[1], opset=16, reduction="add")
    assert refused("GatherND", X, pairs) == "what arrives decides its places"
    assert "beyond" in refused("GatherND", X, pairs + 9, constants=[1])


def test_scattered_elements_agree() -> None:
    operands: list[Any] = [X, np.array([[[1], [0]]]), floats(1, 2, 1, seed=2)]
    agree("ScatterElements", *operands, axis=1)
    agree("ScatterElements", *operands, axis=1, opset=16, reduction="add")


@pytest.mark.parametrize("opset", [9, 10, 11])
def test_the_largest_are_found(opset: int) -> None:
    if opset == 9:
        agree("TopK", X, opset=9, outputs=2, k=2)
    else:
        agree("TopK", X, ints(2), constants=[1], opset=opset, outputs=2, axis=1)


def test_what_moves_nothing_is_gone() -> None:
    assert operators(agree("Transpose", X, perm=[0, 1, 2])) == []
    assert operators(agree("Tile", X, ints(1, 1, 1), constants=[1])) == []
