"""States, factors and joints that share one integer format: nothing saturates, and nothing is read too late."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.workloads.stepgraph.exact import FINE, exact, noise
from tests.workloads.stepgraph.hand_made import Sheet
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.standard import standard_form

MODELS: dict[str, Callable[[], StepGraph]] = {}


def model(make: Callable[[], StepGraph]) -> Callable[[], StepGraph]:
    MODELS[make.__name__] = make
    return make


def start(seed: int) -> Array:
    """Values well beyond -1 and 1."""
    return np.random.default_rng(seed).normal(size=(1, 8)) * 3


def read(sheet: Sheet, *states: str) -> StepGraph:
    joint = sheet.op("Concat", *states, axis=1)
    product = sheet.op("MatMul", joint, sheet.weight(8 * len(states), 8))
    return sheet.graph(sheet.op("Add", product, sheet.op("MatMul", "x", sheet.weight(8, 8))))


@model
def states_that_change_places() -> StepGraph:
    sheet = Sheet(x=(1, 8), a=(1, 8), b=(1, 8), c=(1, 8))
    for state, new, seed in (("a", "b", 1), ("b", "c", 2), ("c", "a", 3)):
        sheet.state(state, new, sheet.constant(start(seed)))
    return read(sheet, "a", "b", "c")


@model
def line_of_delays() -> StepGraph:
    sheet = Sheet(x=(1, 8), once=(1, 8), twice=(1, 8), thrice=(1, 8))
    for state, new in (("once", sheet.op("Tanh", "x")), ("twice", "once"), ("thrice", "twice")):
        sheet.state(state, new)
    return read(sheet, "once", "thrice")


@model
def delays_from_the_last_on() -> StepGraph:
    sheet = Sheet(x=(1, 8), once=(1, 8), twice=(1, 8))
    for state, new in (("twice", "once"), ("once", "x")):
        sheet.state(state, new)
    return read(sheet, "once", "twice")


@model
def states_that_change_places_and_size() -> StepGraph:
    sheet = Sheet(x=(1, 8), a=(1, 8), b=(1, 8))
    sheet.state("a", sheet.op("Mul", "b", sheet.constant(2.0)), sheet.constant(start(1)))
    sheet.state("b", sheet.op("Mul", "a", sheet.constant(0.5)), sheet.constant(start(2)))
    return read(sheet, "a", "b")


@model
def state_that_fades() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    sheet.state("s", sheet.op("Mul", "s", sheet.constant(0.5)), sheet.constant(start(1)))
    return read(sheet, "s")


@model
def state_that_fades_while_it_is_transposed() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    turned = sheet.op("Transpose", sheet.reshape("s", 2, 4), perm=(1, 0))
    sheet.state("s", sheet.reshape(sheet.op("Mul", turned, sheet.constant(0.7)), 1, 8), sheet.constant(start(1)))
    return read(sheet, "s")


@model
def state_that_starts_beyond_what_it_becomes() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    sheet.state("s", sheet.op("Tanh", sheet.op("MatMul", "x", sheet.weight(8, 8))), sheet.constant(start(1)))
    return read(sheet, "s")


@model
def state_seen_in_two_shapes_before_and_behind_its_writing() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    old = sheet.op("Transpose", sheet.reshape("s", 2, 4), perm=(1, 0))
    new = sheet.op("Tanh", sheet.op("Add", sheet.reshape(old, 1, 8), "x"))
    sheet.state("s", new)
    turned = sheet.op("Transpose", sheet.reshape(new, 2, 4), perm=(1, 0))
    return sheet.graph(sheet.op("MatMul", sheet.reshape(turned, 1, 8), sheet.weight(8, 8)))


@model
def joint_of_a_value_and_twice_the_value() -> StepGraph:
    sheet = Sheet(x=(1, 8))
    one = sheet.op("Tanh", "x")
    joint = sheet.op("Concat", one, sheet.op("Mul", one, sheet.constant(2.0)), axis=1)
    return sheet.graph(sheet.op("MatMul", joint, sheet.weight(16, 8)))


@model
def joint_with_constants_beyond_its_values() -> StepGraph:
    sheet = Sheet(x=(1, 8))
    joint = sheet.op("Concat", sheet.op("Tanh", "x"), sheet.constant(start(1)), axis=1)
    padded = sheet.op("Pad", joint, sheet.constant([0, 1, 0, 1], dtype=np.int64), sheet.constant(-6.0), mode="constant")
    return sheet.graph(sheet.op("MatMul", padded, sheet.weight(18, 8)))


@model
def joint_of_a_state_that_is_made_behind_it() -> StepGraph:
    sheet = Sheet(x=(1, 8), s=(1, 8))
    old = sheet.op("Concat", sheet.slice("s", 1, 3, 8), sheet.slice("s", 1, 0, 3), axis=1)
    loud = sheet.op("Mul", sheet.op("MatMul", "x", sheet.weight(8, 8)), sheet.constant(5.0))
    sheet.state("s", sheet.op("Concat", sheet.slice(loud, 1, 4, 8), sheet.slice(loud, 1, 0, 4), axis=1))
    return sheet.graph(sheet.op("MatMul", old, sheet.weight(8, 8)))


@model
def sum_of_a_product_with_itself_and_a_bias() -> StepGraph:
    sheet = Sheet(x=(1, 8))
    product = sheet.op("MatMul", "x", sheet.weight(8, 8))
    return sheet.graph(sheet.op("Add", sheet.op("Add", product, product), sheet.weight(8)))


@pytest.mark.parametrize("name", MODELS)
def test_what_shares_integers_is_near_the_float_graph_and_the_same_on_the_chip(name: str) -> None:
    graph = standard_form(MODELS[name]())
    found = exact(graph, noise(graph, calls=8), FINE)
    assert found
    assert min(found.values()) > 40, found
