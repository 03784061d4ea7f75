"""Nodes that the user gives to the CPU, by operator, by name or by a pattern of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from nnasim.errors import ConfigError
from workloads.stepgraph.graph import Node, StepGraph
from workloads.stepgraph.integers.grids import INDEX_BITS
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.ledger import macs_of
from workloads.stepgraph.lowering.standing_shapes import standing_shape
from workloads.stepgraph.normal.rewriting import Normal


class OnCpu:
    """The nodes that the user gives to the CPU.

    ``wanted``: operators, names of nodes, or patterns of them with * and ?.

    Raises ConfigError for one that fits no node of ``graphs``.
    """

    def __init__(self, wanted: Sequence[str], graphs: Mapping[str, StepGraph]) -> None:
        self._nodes: set[tuple[str, str]] = set()
        for pattern in wanted:
            found = set(_fitting(pattern, graphs))
            if not found:
                operators = sorted({node.operator for graph in graphs.values() for node in graph.nodes})
                raise ConfigError(
                    "import", "on_cpu", pattern, f"is no node's name and no operator: {', '.join(operators)}"
                )
            self._nodes |= found

    def covers(self, graph: str, normal: Normal, node: Node) -> bool:
        """Whether a node that ``node`` of a normalised graph stands for was wanted on the CPU."""
        return any((graph, name) in self._nodes for name in normal.made_of[node.outputs[0]])


def _fitting(pattern: str, graphs: Mapping[str, StepGraph]) -> Iterator[tuple[str, str]]:
    for name, graph in graphs.items():
        for node in graph.nodes:
            if pattern == node.operator or fnmatchcase(node.name, pattern):
                yield name, node.name


def run_by_host(low: GraphLowering, node: Node) -> None:
    """Lower ``node`` to an operation that only the CPU can do."""
    tensors = list[str]()
    for name in node.operands:
        if not low.graph.is_constant(name):
            tensors.append(low.wire(name).tensor)
        else:
            values = low.graph.constants[name]
            bits = INDEX_BITS if values.dtype.kind in "iub" else 32
            tensors.append(low.draft.tensor(f"{low.here}.{name}", values.shape or (1,), bits, "bias"))
    outs = [low.out(value, standing_shape(low.graph, node, value)).tensor for value in node.outputs]
    names, model = set(low.normal.made_of[node.outputs[0]]), low.normal.origin
    macs = sum(macs_of(model, one) for one in model.nodes if one.name in names)
    low.op("", "host", "host", tensors, outs, operator=word_of(low.normal, node), macs=macs)


def word_of(normal: Normal, node: Node) -> str:
    """The exporter's name for the operator of ``node``."""
    function = normal.functions.get(node.outputs[0])
    return (node.operator if function is None else function.label)[:200]
