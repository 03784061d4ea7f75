"""A trace's tensors have at most 8 axes: what needs more is refused by name, what can do with fewer is not."""

from collections.abc import Callable

import numpy as np
import pytest

from nnasim.ir.attributes import MOST_AXES
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import lowered
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.refusals import RefusedModelError

MANY = (2,) * (MOST_AXES + 1)
FLAT = 1, 2 ** len(MANY)
LIMIT = f"{len(MANY)} axes, of which a trace's tensors have at most {MOST_AXES}; export the model with neighbouring"


def an_input() -> StepGraph:
    sheet = Sheet(x=MANY)
    return sheet.graph(sheet.op("Relu", "x"))


def a_state() -> StepGraph:
    sheet = Sheet(x=FLAT, h=MANY)
    sheet.state("h", sheet.op("Add", "h", sheet.reshape("x", *MANY)))
    return sheet.graph("add1.out")


def a_state_that_is_written_so() -> StepGraph:
    sheet = Sheet(x=FLAT, h=FLAT)
    before = sheet.op("Tanh", "h")
    many = sheet.constant(sheet.random.normal(size=MANY))
    sheet.state("h", sheet.reshape(sheet.op("Add", sheet.reshape("x", *MANY), many), *FLAT))
    return sheet.graph(before)


def a_sum() -> StepGraph:
    sheet = Sheet(x=FLAT)
    many = sheet.constant(sheet.random.normal(size=MANY))
    return sheet.graph(sheet.reshape(sheet.op("Add", sheet.reshape("x", *MANY), many), *FLAT))


def a_transpose() -> StepGraph:
    sheet = Sheet(x=FLAT)
    perm = tuple(reversed(range(len(MANY))))
    return sheet.graph(sheet.reshape(sheet.op("Transpose", sheet.reshape("x", *MANY), perm=perm), *FLAT))


def a_mean() -> StepGraph:
    sheet = Sheet(x=FLAT)
    return sheet.graph(sheet.op("ReduceMean", sheet.reshape("x", *MANY), axes=(len(MANY) - 1,), keepdims=1))


def a_stretch() -> StepGraph:
    sheet = Sheet(x=(1, 2))
    ones = sheet.reshape("x", *(1,) * MOST_AXES, 2)
    return sheet.graph(sheet.op("Expand", ones, sheet.constant(MANY, dtype=np.int64)))


@pytest.mark.parametrize(
    ("graph", "name"),
    [
        (an_input, r"x \(input\): has"),
        (a_state, r"h \(input\): has"),
        (a_state_that_is_written_so, r"h \(state\): works on"),
        (a_sum, r"add1 \(Add\): works on"),
        (a_transpose, r"transpose1 \(Transpose\): works on"),
        (a_mean, r"reducemean1 \(ReduceMean\): works on"),
        (a_stretch, r"expand1 \(Expand\): works on"),
    ],
)
def test_too_many_axes_are_refused_with_the_node_and_the_limit(graph: Callable[[], StepGraph], name: str) -> None:
    with pytest.raises(RefusedModelError, match=f"refused: {name} {LIMIT}"):
        lowered(graph())


def test_the_cpu_takes_no_more_axes_than_a_trace_can_say() -> None:
    with pytest.raises(RefusedModelError, match=rf"add1 \(Add\): works on {LIMIT}"):
        lowered(a_sum(), on_cpu=["Add"])


def test_what_is_only_seen_in_so_many_axes_needs_none_of_them() -> None:
    sheet = Sheet(x=FLAT)
    graph = sheet.graph(sheet.reshape(sheet.op("Relu", sheet.reshape("x", *MANY)), *FLAT))
    counts = lowered(graph).ledger.counts
    assert (counts["chip"], counts["view"], counts["refused"]) == (1, 2, 0)
