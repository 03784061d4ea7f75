"""Slices of one value that share out a whole axis are one split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workloads.stepgraph.graph import Array, Node, StepGraph

Group = list[tuple[int, int, int]]
"""(start, end, place of the node) of slices of one value along one axis."""


def with_splits(graph: StepGraph) -> StepGraph:
    """``graph``, otherwise in standard form, with a split in place of the first of such slices."""
    groups = defaultdict[tuple[str, int], Group](list)
    for place, node in enumerate(graph.nodes):
        if node.operator == "Slice":
            starts, ends, axes, steps = (graph.constants[name] for name in node.inputs[1:])
            if axes.size == 1 and steps[0] == 1:
                groups[node.inputs[0], int(axes[0])].append((int(starts[0]), int(ends[0]), place))
    nodes: list[Node | None] = list(graph.nodes)
    constants = dict(graph.constants)
    for (source, axis), group in groups.items():
        if parts := _shared_out(graph.tensor(source).shape[axis], sorted(group)):
            sizes = np.array([end - start for start, end, _ in parts], np.int64)
            name = f"{_name([graph.nodes[place].name for *_, place in parts])}.sizes"
            while name in graph.inputs or name in graph.values or name in constants:
                name += "_"
            _put_split(nodes, _known(constants, sizes, name), source, axis, parts)
    return replace(graph, nodes=tuple(node for node in nodes if node), constants=constants)


def _shared_out(size: int, group: Group) -> Group:
    """The parts that meet each other and both ends of an axis of ``size``, the shortest first; [] if there are none."""
    by_start = defaultdict[int, Group](list)
    for bounds in group:
        by_start[bounds[0]].append(bounds)
    ways = [iter(by_start[0])]
    chosen, dead = Group(), set[int]()
    while ways:
        part = next((part for part in ways[-1] if part[1] not in dead and part[1] > part[0]), None)
        if part is None:  # nothing more begins here: go back
            ways.pop()
            if chosen:
                dead.add(chosen.pop()[1])
            continue
        chosen.append(part)
        if part[1] == size:
            return chosen if len(chosen) > 1 else []
        ways.append(iter(by_start[part[1]]))
    return []


def _name(slices: Sequence[str]) -> str:
    """The name of the split that the slices once were, "fc" of "fc.0" and "fc.1", else that of the first."""
    split = slices[0].rpartition(".")[0]
    return split if list(slices) == [f"{split}.{index}" for index in range(len(slices))] else slices[0]


def _put_split(nodes: list[Node | None], sizes: str, source: str, axis: int, group: Group) -> None:
    """Put a split of ``source`` in place of the slices of ``group``."""
    slices = [node for *_, place in group if (node := nodes[place])]
    first = min(place for *_, place in group)
    for *_, place in group:
        nodes[place] = None
    outputs = tuple(node.outputs[0] for node in slices)
    name = _name([node.name for node in slices])
    nodes[first] = Node(name, "Split", (source, sizes), outputs, {"axis": axis})


def _known(constants: dict[str, Array], sizes: Array, name: str) -> str:
    """The name of a constant with the values of ``sizes``: ``name`` if there is none yet."""
    equal = (key for key, values in constants.items() if values.dtype == sizes.dtype and np.array_equal(values, sizes))
    known = next(equal, name)
    constants[known] = sizes
    return known
