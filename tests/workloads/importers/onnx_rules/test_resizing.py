"""Resizing by the nearest element and in straight lines agrees with onnxruntime; what smooths is refused."""

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, refused

PLACES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
NONE = np.zeros(0, F)


def scales(*numbers: float) -> np.ndarray:
    return np.array(numbers, F)


@pytest.mark.parametrize("places", [*PLACES, "half_pixel_symmetric"])
@pytest.mark.parametrize("factor", [2.0, 3.0, 0.5, 1.5])
def test_resizing_by_scales_agrees(places: str, factor: float) -> None:
    x, given = floats(1, 2, 8), scales(1, 1, factor)
    for mode in ("nearest", "linear"):
        told = {"mode": mode, "coordinate_transformation_mode": places}
        agree("Resize", x, NONE, given, constants=[1, 2], opset=19, **told)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_the_nearest_element_is_rounded_to_as_is_said(rounding: str) -> None:
    x, sizes = floats(1, 1, 3, 5), ints(1, 1, 7, 4)
    for places in PLACES:
        told = {"nearest_mode": rounding, "coordinate_transformation_mode": places}
        agree("Resize", x, NONE, NONE, sizes, constants=[1, 2, 3], opset=13, **told)


def test_some_axes_alone_are_resized() -> None:
    agree("Resize", floats(1, 2, 4, 3), NONE, scales(2), constants=[1, 2], opset=18, axes=[2])


def test_older_forms_agree() -> None:
    x = floats(1, 2, 4)
    agree("Resize", x, scales(1, 1, 2), constants=[1], opset=10)
    agree("Upsample", x, scales(1, 1, 2), constants=[1], opset=9)
    agree("Upsample", x, opset=7, scales=[1.0, 1.0, 3.0])


def test_what_repeats_each_element_moves_without_a_product() -> None:
    graph = agree("Resize", floats(1, 2, 4), NONE, scales(1, 1, 3), constants=[1, 2], opset=13,
                  coordinate_transformation_mode="asymmetric", nearest_mode="floor")  # fmt: skip
    assert {node.operator for node in graph.nodes} == {"Reshape", "Expand"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"mode": "cubic"}, "resizes by cubic"),
        ({"coordinate_transformation_mode": "tf_crop_and_resize"}, "tf_crop_and_resize"),
        ({"mode": "linear", "antialias": 1}, "smooths"),
    ],
)
def test_smoothing_is_refused(told: dict[str, object], why: str) -> None:
    assert why in refused("Resize", floats(1, 1, 4), NONE, scales(1, 1, 2), constants=[1, 2], opset=18, **told)


def test_a_size_that_what_arrives_decides_is_refused() -> None:
    assert refused("Resize", floats(1, 1, 4), NONE, scales(1, 1, 2), constants=[1]) == "what arrives decides its scales"
