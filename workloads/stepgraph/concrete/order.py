"""Nodes in an order in which they may run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

import numpy as np

from workloads.stepgraph.concrete.raw import RawGraph, RawModel, RawNode
from workloads.stepgraph.refusals import Refusal


def bodies(node: RawNode) -> Iterator[RawGraph]:
    """The graphs within a node."""
    for value in node.attributes.values():
        if isinstance(value, RawGraph):
            yield value


def reads(node: RawNode) -> set[str]:
    """The names that a node reads, those that its bodies take from around it too."""
    names = {name for name in node.inputs if name}
    for body in bodies(node):
        names |= _taken_from_around(body)
    return names


def _taken_from_around(graph: RawGraph) -> set[str]:
    own = {*graph.inputs, *graph.constants, *(name for node in graph.nodes for name in node.outputs)}
    return {*(name for node in graph.nodes for name in reads(node)), *graph.outputs} - own


def all_reads(model: RawModel) -> set[str]:
    """The names that any node of ``model`` reads, or that are its outputs: other values are not needed."""
    graphs = [model.graph, *(function.body for function in model.functions.values())]
    names = set[str]()
    while graphs:
        graph = graphs.pop()
        names.update(graph.outputs)
        for node in graph.nodes:
            names.update(node.inputs)
            graphs += bodies(node)
    return names


def in_order(graph: RawGraph) -> tuple[Sequence[RawNode], list[Refusal]]:
    """(the nodes of ``graph``, each after those that it reads of; refusals of nodes for which there is no such order).

    Nodes that run in a circle are left out, and refused.
    """
    makers = {name: place for place, node in enumerate(graph.nodes) for name in node.outputs if name}
    needs = [sorted({makers[name] for name in reads(node) if name in makers}) for node in graph.nodes]
    refusals = list(_made_twice(graph))
    if all(max(others, default=-1) < place for place, others in enumerate(needs)):
        return graph.nodes, refusals
    circles = _circles(needs)
    for place, size in sorted(circles.items()):
        why = f"waits for its own result, in a circle of {size} nodes"
        refusals.append(Refusal(graph.nodes[place].label, graph.nodes[place].word, why))
    straight = {
        place: [other for other in others if other not in circles]
        for place, others in enumerate(needs)
        if place not in circles
    }
    return [graph.nodes[place] for place in TopologicalSorter(straight).static_order()], refusals


def _circles(needs: Sequence[Sequence[int]]) -> dict[int, int]:
    """The nodes that depend on themselves, each with the size of its circle."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = [(place, other) for place, others in enumerate(needs) for other in others]
    rows, columns = zip(*edges, strict=True)
    links = coo_array((np.ones(len(edges), np.int8), (rows, columns)), (len(needs), len(needs)))
    _, labels = connected_components(links, directed=True, connection="strong")
    sizes = np.bincount(labels)[labels]
    return {place: int(sizes[place]) for place, others in enumerate(needs) if sizes[place] > 1 or place in others}


def _made_twice(graph: RawGraph) -> Iterator[Refusal]:
    """Names that two nodes make, or a node and a constant or input."""
    makes = Counter([*graph.inputs, *graph.constants])
    makes = Counter(dict.fromkeys(makes, 1))
    for node in graph.nodes:
        makes.update(name for name in node.outputs if name)
    twice = {name for name, count in makes.items() if count > 1}
    for node in graph.nodes if twice else ():
        for name in sorted(twice.intersection(node.outputs)):
            yield Refusal(node.label, node.word, f"makes {name}, which is made elsewhere too")
