"""Constants are computed within a budget, and nothing is allocated beyond it."""

from typing import Any

import numpy as np
import pytest

from workloads.stepgraph.concrete.evaluation import MOST_BYTES, Budget
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError
from workloads.stepgraph.shapes.table import tensors_of


def computed(budget: Budget, operator: str, *arrays: Array, **attributes: Any) -> tuple[Array, ...]:
    operands = [Value.known("x", array) for array in arrays]
    return budget.computed(operator, attributes, operands, tensors_of(operator, attributes, operands))


def test_a_view_costs_no_memory_and_a_copy_does() -> None:
    budget = Budget()
    (row,) = computed(budget, "Expand", np.zeros((1, 1)), np.array([1000, 1000]))
    assert budget.bytes == MOST_BYTES
    computed(budget, "Neg", row.astype(np.float32))
    assert budget.bytes == MOST_BYTES - 8_000_000


def test_weights_of_the_file_may_be_worked_on_once_more() -> None:
    assert Budget(10**9).bytes == MOST_BYTES + 10**9


@pytest.mark.parametrize(
    ("operator", "operands", "times"),
    [
        ("MatMul", [np.ones((500, 500), np.float32)] * 2, 8),
        ("Expand", [np.ones((1, 1), np.float32), np.array([5000, 5000])], 42),
    ],
)
def test_work_adds_up_whatever_its_result_takes(operator: str, operands: list[Array], times: int) -> None:
    budget = Budget()
    for _ in range(times):
        computed(budget, operator, *operands)
    with pytest.raises(CannotEnterError, match="more memory or time than a model's may"):
        computed(budget, operator, *operands)


def test_a_place_beyond_an_axis_is_refused() -> None:
    with pytest.raises(CannotEnterError, match="takes place 7 of an axis of 3"):
        computed(Budget(), "Gather", np.zeros((3, 2)), np.array([7]), axis=0)


def test_a_few_nodes_of_a_file_may_not_be_written_out_as_any_number() -> None:
    budget = Budget()
    for _ in range(30_000):
        budget.write(operands=2)
    with pytest.raises(CannotEnterError, match="written out as more nodes than a model's may be, about 35,000"):
        budget.write(operands=60_000)
