"""Chains of point-wise nodes beyond what one table holds are cut where all that follows is a function of one value."""

from collections.abc import Callable

import pytest

from tests.workloads.stepgraph.exact import FINE, exact, noise
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.imports import kinds, lowered
from tests.workloads.stepgraph.normal.same import same
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.normal.nearest import FURTHEST, Nearest
from workloads.stepgraph.normal.tables import LONGEST


def sines(sheet: Sheet, x: str, count: int) -> str:
    for number in range(count):
        x = sheet.op("Sin", sheet.op("Mul", x, sheet.constant(1.3 + 0.01 * number)))
    return x


def a_choice_between_two_long_chains(length: int) -> StepGraph:
    sheet = Sheet(x=(1, 8))
    a, b = (sines(sheet, "x", length // 4) for _ in range(2))
    return sheet.graph(sheet.op("Where", sheet.op("Greater", a, sheet.op("Cos", b)), a, b))


def a_chain_of_choices(length: int) -> StepGraph:
    sheet = Sheet(x=(1, 8))
    value = "x"
    for _ in range(length // 4):
        smaller = sheet.op("Mul", value, sheet.constant(0.9))
        value = sheet.op("Where", sheet.op("Less", value, sheet.constant(0.1)), smaller, sheet.op("Sin", value))
    return sheet.graph(value)


def a_mask_behind_what_other_words_make_longer(length: int) -> StepGraph:
    """The larger of two is three nodes on the chip."""
    sheet = Sheet(x=(1, 8))
    value = "x"
    for number in range(length // 3):
        value = sheet.op("Max", sheet.op("Tanh", value), sheet.op("Mul", value, sheet.constant(0.1 + 0.01 * number)))
    half = sheet.op("Mul", value, sheet.constant(0.5))
    return sheet.graph(sheet.op("Where", sheet.op("Less", value, half), value, half))


def a_gate_that_reads_the_beginning(length: int) -> StepGraph:
    sheet = Sheet(x=(1, 8))
    value = "x"
    for number in range(length // 3):
        value = sheet.op("Mul", value, sheet.op("Sigmoid", sheet.op("Add", value, sheet.constant(1 + 0.1 * number))))
    return sheet.graph(sheet.op("Where", sheet.op("Less", value, "x"), value, "x"))


@pytest.mark.parametrize("length", [12, LONGEST - 4, LONGEST, LONGEST + 4, 3 * LONGEST])
@pytest.mark.parametrize(
    "graph",
    [
        a_choice_between_two_long_chains,
        a_chain_of_choices,
        a_mask_behind_what_other_words_make_longer,
        a_gate_that_reads_the_beginning,
    ],
)
def test_a_long_chain_with_choices_is_tables_alone(graph: Callable[[int], StepGraph], length: int) -> None:
    same(graph(length))
    made = lowered(graph(length))
    assert set(kinds(made)) == {"quantise", "table"}
    assert len(kinds(made)) - 1 <= 1 + len(graph(length).nodes) / (LONGEST / 4)


def test_the_tables_of_a_chain_that_was_cut_compute_what_the_chain_did() -> None:
    graph = a_chain_of_choices(3 * LONGEST)
    (signal,) = exact(graph, noise(graph), FINE).values()
    assert signal > 40


def test_the_nearest_value_is_where_all_ways_meet() -> None:
    nearest = Nearest()
    assert nearest.add("a", ["x"]) == "x"
    assert nearest.add("b", ["a"]) == "a"
    assert nearest.add("c", ["a"]) == "a"
    assert nearest.add("d", ["b", "c"]) == "a"
    assert nearest.nodes["d"] == 3
    assert nearest.add("e", ["d", "x"]) == "x"
    assert nearest.nodes["e"] == 5
    assert nearest.add("sum", ["e", "y"]) is None
    assert nearest.add("f", ["sum"]) == "sum"
    assert nearest.add("g", ["f", "e"]) is None


def test_what_is_too_far_up_is_not_looked_for() -> None:
    nearest, value = Nearest(), "x"
    for number in range(FURTHEST + 1):
        nearest.add(str(number), [value])
        value = str(number)
    assert nearest.add("meet", [value, "x"]) is None
