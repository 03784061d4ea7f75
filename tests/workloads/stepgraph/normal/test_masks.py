"""Masks of attention are values at the end of their range, however an exporter writes them."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.normal.same import operators, same
from workloads.stepgraph.normal.normalise import normalised


def test_masks_are_comparisons_with_zero_and_products_with_a_truth() -> None:
    sheet = Sheet(x=(2, 8), y=(1, 8))
    absent = sheet.op("Less", "y", sheet.weight(8))
    filled = sheet.op("Where", absent, sheet.constant(-1000.0), "x")
    kept = sheet.op("Where", absent, sheet.constant(0.0), "x")
    normal = same(sheet.graph(filled, kept))
    assert Counter(operators(normal)) == {"Sub": 1, "Table": 2, "Saturate": 1, "Mul": 1}


def written_masks() -> dict[str, Callable[[Sheet, str], str]]:
    """Zeros where the condition holds, and what lies beyond all logits where it does not, as exporters write it."""
    zero, end = np.float32(0), np.float32(-np.inf)
    return {
        "a choice": lambda sheet, kept: sheet.op("Where", kept, sheet.constant(zero), sheet.constant(end)),
        "the other choice": lambda sheet, kept: sheet.op(
            "Where", sheet.op("Not", kept), sheet.constant(-1e9), sheet.constant(zero)
        ),
        "a product with what is absent": lambda sheet, kept: sheet.op(
            "Mul",
            sheet.op("Sub", sheet.constant(1.0), sheet.op("Cast", kept, to="float32")),
            sheet.constant(-1e4),
        ),
        "a choice in another shape": lambda sheet, kept: sheet.reshape(
            sheet.op("Where", kept, sheet.constant(zero), sheet.constant(end)), 1, 1, 8
        ),
    }


@pytest.mark.parametrize("form", written_masks())
def test_a_sum_with_a_mask_is_what_the_mask_leaves_at_the_end_of_its_range(form: str) -> None:
    sheet = Sheet(x=(1, 2, 8), y=(1, 8))
    mask = written_masks()[form](sheet, sheet.op("Less", "y", sheet.weight(8)))
    with np.errstate(invalid="ignore"):
        normal = same(sheet.graph(sheet.op("Softmax", sheet.op("Add", "x", mask), axis=2)))
    assert "Saturate" in operators(normal)
    assert "Add" not in operators(normal)


def test_a_known_mask_is_one_of_zeros_and_of_what_lies_beyond_and_a_bias_is_none() -> None:
    causal = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
    for values, is_mask in ((causal, True), (causal[:1] - 1, False), (np.array([0, -120.0]), False), (-1e4, False)):
        sheet = Sheet(x=(4, *np.shape(values)[-1:]) if np.ndim(values) else (4, 4))
        normal = normalised(sheet.graph(sheet.op("Softmax", sheet.op("Add", "x", sheet.constant(values)), axis=1)))
        assert ("Saturate" in operators(normal)) is is_mask


def test_either_of_two_truths_is_not_neither() -> None:
    sheet = Sheet(x=(1, 8), y=(1, 8))
    a, b = sheet.op("Less", "x", "y"), sheet.op("Less", "y", sheet.weight(8))
    normal = same(sheet.graph(sheet.op("Where", sheet.op("Or", a, b), sheet.constant(0.0), "x")))
    assert "Or" not in operators(normal)
