"""A graph normalised, held against itself before that."""

from collections import Counter

import numpy as np

from tests.workloads.stepgraph.hand_made import random_inputs, run_normal
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.normal.normalise import normalised
from workloads.stepgraph.normal.rewriting import Normal
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.standard import standard_form


def same(graph: StepGraph, tolerance: float = 2e-5) -> Normal:
    """``graph`` normalised, once every output is what it was, and every node is accounted for."""
    graph = standard_form(graph)
    normal, inputs = normalised(graph), random_inputs(graph)
    expected = FloatRun(graph)
    expected(inputs)
    held = {state.input: expected.value(state.output) for state in normal.graph.states}  # windows are full already
    apart = {name: expected.values.get(name, held.get(name)) for name in normal.graph.inputs}
    found = run_normal(normal, apart)
    for name in normal.graph.outputs:
        np.testing.assert_allclose(found[name], expected.value(name), atol=tolerance, rtol=tolerance)
    named = Counter(name for names in normal.made_of.values() for name in set(names))
    assert set(named) | normal.folded == {node.name for node in graph.nodes}
    return normal


def operators(normal: Normal) -> list[str]:
    return [node.operator for node in normal.graph.nodes]
