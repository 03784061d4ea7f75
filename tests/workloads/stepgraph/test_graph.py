"""A StepGraph compares by what it does, once names are canonical."""

import numpy as np

from workloads.stepgraph.graph import Node, State, StepGraph, Tensor


def graph(prefix: str, weight: float = 1.0) -> StepGraph:
    """One matrix product and a residual sum into a state, every name with ``prefix``."""
    p = prefix
    return StepGraph(
        name=p,
        nodes=(
            Node(p + "mm", "MatMul", (p + "x", p + "w"), (p + "y",)),
            Node(p + "add", "Add", (p + "y", p + "s"), (p + "s2",)),
        ),
        inputs={p + "x": Tensor((1, 4)), p + "s": Tensor((1, 3))},
        values={p + "y": Tensor((1, 3)), p + "s2": Tensor((1, 3))},
        constants={p + "w": np.full((4, 3), weight, np.float32), p + "start": np.ones((1, 3), np.float32)},
        outputs=(p + "s2",),
        states=(State(p + "s", p + "s2", p + "start"),),
    )


def test_names_do_not_count_in_the_canonical_form() -> None:
    assert graph("a.") != graph("b.")
    assert graph("a.").canonical() == graph("b.").canonical()


def test_constants_count_element_by_element() -> None:
    assert graph("a.").canonical() != graph("a.", weight=2.0).canonical()


def test_what_arrives_from_outside_is_every_input_that_is_no_state() -> None:
    assert graph("").audio == ("x",)
    assert graph("").tensor("w") == Tensor((4, 3), "float32")


def test_the_order_of_nodes_does_not_count_in_the_canonical_form() -> None:
    nodes = (
        Node("left", "Exp", ("x",), ("a",)),
        Node("right", "Neg", ("x",), ("b",)),
        Node("sum", "Add", ("b", "a"), ("c",)),
    )
    tensors = dict.fromkeys("abc", Tensor((2,)))
    first, second = (
        StepGraph("", order, {"x": Tensor((2,))}, tensors, {}, ("c", "a")).canonical()
        for order in (nodes, (nodes[1], nodes[0], nodes[2]))
    )
    assert first == second
    assert [node.operator for node in first.nodes] == ["Neg", "Exp", "Add"]


def test_an_output_may_be_an_input_or_a_constant() -> None:
    graph = StepGraph("", (), {"x": Tensor((2,))}, {}, {"one": np.ones(2)}, ("one", "x"))
    assert graph.canonical().outputs == ("c0", "x0")
