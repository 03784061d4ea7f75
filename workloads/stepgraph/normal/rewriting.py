"""A StepGraph written anew with fewer, larger nodes, which remember what they stand for.

Beside the vocabulary's own operators, larger nodes are called
- ``Table`` (x): a ``PointFunction`` of one value; ``Scale`` (x): the same times the positive number ``factor``;
- ``Linear`` (x, weight (N, K)[, bias (N,)]): x (..., K) to (..., N);
- ``Embedding`` (index, weight (V, D)): rows of the weight;
- ``Product`` (a, b): a MatMul of two values that flow, b transposed where ``transpose_b`` is 1;
- ``View`` (x): the same elements in the same order, in another shape;
- ``Saturate`` (x, condition): x, but ``number``, which lies beyond its range, where the condition holds;
- ``Shift`` (register, new, ...): the register after what is new has pushed out the oldest along an axis.
Every value of the rewritten graph has the name that it has in the graph it was made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from workloads.stepgraph.draft import read_nodes, used_constants
from workloads.stepgraph.graph import Array, Node, StepGraph, Tensor
from workloads.stepgraph.normal.point_function import PointFunction


@dataclass(frozen=True, eq=False)
class Normal:
    """A model's graph, and the same rewritten with fewer, larger nodes.

    ``origin``: the model's graph; ``graph``: the rewritten one.

    ``made_of``: nodes of the model that each node stands for, by its first value. ``functions``: what a ``Table``
    computes, by its value. ``folded``: nodes of the model that are part of others' constants now.
    """

    origin: StepGraph
    graph: StepGraph
    made_of: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, PointFunction] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, graph: StepGraph) -> Normal:
        """``graph`` unchanged: every node stands for itself."""
        return cls(graph, graph, {node.outputs[0]: (node.name,) for node in graph.nodes})

    def with_graph(self, graph: StepGraph) -> Normal:
        """This record for a ``graph`` that has other states. Nodes that are no longer read have become part of them."""
        makers = [node for node in graph.nodes if node.outputs[0] not in graph.inputs]
        nodes = read_nodes(makers, {*graph.outputs, *(state.output for state in graph.states)})
        values = {name: graph.values[name] for node in nodes for name in node.outputs if name not in graph.inputs}
        graph = replace(graph, nodes=tuple(nodes), values=values)
        graph = replace(graph, constants=used_constants(graph))
        kept = {node.outputs[0] for node in nodes}
        gone = {name for value, names in self.made_of.items() if value not in kept for name in names}
        made_of = {value: names for value, names in self.made_of.items() if value in kept}
        return replace(self, graph=graph, made_of=made_of, folded=self.folded | gone)


class Rewriting:
    """One walk over the nodes of ``old`` that writes each of them, or another in its place.

    A node that was written and is read no more, since a later one does its work too, is left out in the end."""

    def __init__(self, old: Normal) -> None:
        self.old, self.graph = old, old.graph
        self.nodes: list[Node] = []
        self.constants: dict[str, Array] = dict(old.graph.constants)
        self.values: dict[str, Tensor] = dict(old.graph.values)
        self.functions: dict[str, PointFunction] = dict(old.functions)
        self._made_by: dict[str, Node] = {}
        self._share_of: dict[str, tuple[str, ...]] = {}
        self._folded = set(old.folded)
        self._readers = defaultdict[str, list[Node]](list)
        for node in old.graph.nodes:
            for name in dict.fromkeys(node.operands):
                self._readers[name].append(node)
        self.kept = {*old.graph.outputs, *(state.output for state in old.graph.states)}

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an input, a value or a constant, new ones included."""
        if name in self.constants:
            return tuple(self.constants[name].shape)
        return (self.values if name in self.values else self.graph.inputs)[name].shape

    def dtype(self, name: str) -> str:
        """Element type of an input, a value or a constant."""
        if name in self.constants:
            return str(self.constants[name].dtype)
        return (self.values if name in self.values else self.graph.inputs)[name].dtype

    def flowing(self, node: Node) -> list[str]:
        """The operands of ``node`` that are no constants, each once."""
        return [name for name in dict.fromkeys(node.operands) if name not in self.constants]

    def maker(self, value: str, *operators: str) -> Node | None:
        """The node that now makes ``value``, if it is one of ``operators``; None for an input."""
        node = self._made_by.get(value)
        return node if node and (node.operator in operators or not operators) else None

    def readers(self, value: str) -> list[Node]:
        """The nodes of the old graph that read ``value``."""
        return self._readers[value]

    def is_private(self, value: str) -> bool:
        """Whether only one node reads ``value``, and it does not leave the call; true of all values that are new."""
        return value not in self.kept and (len(self._readers[value]) == 1 or value not in self.graph.values)

    def write(self, node: Node, *of: Node) -> None:
        """Append ``node``, whose operands are written. ``of``: the old nodes, if it makes none of their values."""
        self.nodes.append(node)
        self._made_by.update(dict.fromkeys(node.outputs, node))
        self._share_of[node.outputs[0]] = tuple(old.outputs[0] for old in of)

    def fold(self, node: Node) -> None:
        """Note that the old ``node`` has become part of another's constants."""
        self._folded.update(self.old.made_of[node.outputs[0]])

    def constant(self, name: str, values: Array) -> str:
        """A new constant; returns its name: ``name``, unless the model has it already."""
        name = self._free(name)
        self.constants[name] = values
        return name

    def value(self, name: str, shape: tuple[int, ...], dtype: str = "float32") -> str:
        """A value that the old graph does not have; returns its name: ``name``, unless the model has it already."""
        name = self._free(name)
        self.values[name] = Tensor(shape, dtype)
        return name

    def _free(self, name: str) -> str:
        while name in self.constants or name in self.values or name in self.graph.inputs:
            name += "_"
        return name

    def finished(self) -> Normal:
        """The written graph, without unread values."""
        nodes = read_nodes(self.nodes, self.kept)
        made = [name for node in nodes for name in node.outputs]
        graph = replace(
            self.graph, nodes=tuple(nodes), values={name: self.values[name] for name in made}, constants=self.constants
        )
        functions = {value: function for value, function in self.functions.items() if value in graph.values}
        graph = replace(graph, constants=used_constants(graph))
        return Normal(self.old.origin, graph, self._made_of(nodes), functions, frozenset(self._folded))

    def _made_of(self, nodes: list[Node]) -> dict[str, tuple[str, ...]]:
        """The old nodes that ``nodes`` stand for. An old node whose value is no longer made is part of one that read
        it.
        """
        made_of: dict[str, tuple[str, ...]] = {node.outputs[0]: () for node in nodes}
        part_of = dict[str, str]()
        for node in reversed(self.graph.nodes):
            value = node.outputs[0]
            readers = (reader for name in node.outputs for reader in self._readers[name])
            part_of[value] = value if value in made_of else part_of[next(readers).outputs[0]]
        for node in self.graph.nodes:
            made_of[part_of[node.outputs[0]]] += self.old.made_of[node.outputs[0]]
        for value in made_of:
            made_of[value] += tuple(name for old in self._shares(value) for name in self.old.made_of[old])
        return made_of

    def _shares(self, value: str) -> Iterator[str]:
        """Old values that the node which makes the new ``value`` does a part of the work of."""
        for name in self._share_of[value]:
            if name in self.old.made_of:
                yield name
            else:
                yield from self._shares(name)
