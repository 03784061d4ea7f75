"""Slices of one value that share out a whole axis are one split."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from workloads.stepgraph.graph import Array, Node, StepGraph

Group = list[tuple[int, int, int]]
"""(start, end, place of the node) of slices of one value along one axis."""


def with_splits(graph: StepGraph) -> StepGraph:
    """``graph``, otherwise in standard form, with a split in place of such slices, where the first of them stood."""
    groups = defaultdict[tuple[str, int], Group](list)
    for place, node in enumerate(graph.nodes):
        if node.operator == "Slice":
            starts, ends, axes, steps = (graph.constants[name] for name in node.inputs[1:])
            if axes.size == 1 and steps[0] == 1:
                groups[node.inputs[0], int(axes[0])].append((int(starts[0]), int(ends[0]), place))
    nodes: list[Node | None] = list(graph.nodes)
    constants = dict(graph.constants)
    for (source, axis), group in groups.items():
        group.sort()
        if _shares_out(graph.tensor(source).shape[axis], group):
            sizes = np.array([end - start for start, end, _ in group], np.int64)
            name = f"{graph.nodes[group[0][2]].name}.sizes"
            while name in graph.inputs or name in graph.values or name in constants:
                name += "_"
            _put_split(nodes, _known(constants, sizes, name), source, axis, group)
    return replace(graph, nodes=tuple(node for node in nodes if node), constants=constants)


def _shares_out(size: int, group: Group) -> bool:
    """Whether the parts of ``group``, in order, meet each other and both ends of an axis of ``size``."""
    starts, ends = [start for start, _, _ in group], [end for _, end, _ in group]
    return len(group) > 1 and [*starts, size] == [0, *ends]


def _put_split(nodes: list[Node | None], sizes: str, source: str, axis: int, group: Group) -> None:
    """Put a split of ``source`` in place of the slices of ``group``."""
    slices = [node for *_, place in group if (node := nodes[place])]
    first = min(place for *_, place in group)
    for *_, place in group:
        nodes[place] = None
    outputs = tuple(node.outputs[0] for node in slices)
    nodes[first] = Node(slices[0].name, "Split", (source, sizes), outputs, {"axis": axis})


def _known(constants: dict[str, Array], sizes: Array, name: str) -> str:
    """The name of a constant with the values of ``sizes``: ``name`` where there is none yet."""
    equal = (key for key, values in constants.items() if values.dtype == sizes.dtype and np.array_equal(values, sizes))
    known = next(equal, name)
    constants[known] = sizes
    return known
