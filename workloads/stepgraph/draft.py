"""A StepGraph that is being written anew, node by node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from workloads.stepgraph.graph import Array, Node, State, StepGraph, Tensor


class Draft:
    """The part of ``graph`` written so far. A value that equals an earlier one becomes another name for it."""

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.old = read_nodes(graph.nodes, graph.outputs)
        self.read = {name for node in self.old for name in node.operands} | set(graph.outputs)
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = dict(graph.inputs)
        self.constants: dict[str, Array] = {}
        self.turned: dict[str, tuple[str, tuple[int, ...]]] = {}
        """For each value that a transpose makes, its operand and its perm."""
        self._same: dict[str, str] = {}
        self._by_content: dict[tuple[object, ...], str] = {}
        self._by_work: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._unshaped: dict[str, str] = {}
        self._names = {*graph.inputs, *graph.values, *graph.constants}
        for name, values in graph.constants.items():
            self._same[name] = self._by_content.setdefault(_content(values), name)
            self.constants.setdefault(self._same[name], values)

    def name(self, value: str) -> str:
        """The name of ``value`` in the draft."""
        while value in self._same and self._same[value] != value:
            value = self._same[value]
        return value

    def tensor(self, name: str) -> Tensor:
        """Shape and type of a value of the draft."""
        if name in self.constants:
            constant = self.constants[name]
            return Tensor(tuple(constant.shape), str(constant.dtype))
        return self.tensors[name]

    def numbers(self, name: str) -> tuple[int, ...]:
        """The integers of a constant, flat."""
        return tuple(int(value) for value in self.constants[name].reshape(-1))

    def constant(self, name: str, values: Array) -> str:
        """A constant of these ``values``: the first of equal content, else a new one called ``name``, or longer."""
        content = _content(values)
        if content not in self._by_content:
            self._by_content[content] = self.fresh(name)
            self.constants[self._by_content[content]] = values
        return self._by_content[content]

    def fresh(self, name: str) -> str:
        """``name``, or a longer one if the model has that name already."""
        while name in self._names:
            name += "_"
        self._names.add(name)
        return name

    def integers(self, name: str, values: Iterable[int]) -> str:
        """A constant of one axis, int64."""
        return self.constant(name, np.array(list(values), np.int64))

    def alias(self, value: str, source: str) -> None:
        """Make ``value`` another name for ``source``."""
        self._same[value] = source

    def add(self, node: Node, tensors: Sequence[Tensor]) -> None:
        """Append ``node``, whose outputs have these ``tensors``; what an equal node has made is not made again."""
        work = (node.operator, node.inputs, tuple(sorted(node.attributes.items())), tuple(tensors))
        if known := self._by_work.get(work):
            for name, same in zip(node.outputs, known, strict=True):
                self.alias(name, same)
            return
        self._by_work[work] = node.outputs
        self.nodes.append(node)
        self.tensors.update(zip(node.outputs, tensors, strict=True))

    def reshape(self, name: str, source: str, out: str, shape: tuple[int, ...]) -> str:
        """``source`` in another ``shape``, of node ``name``, as ``out``; returns what that is called."""
        source = self._unshaped.get(source, source)
        tensor = self.tensor(source)
        if tensor.shape == shape:
            self.alias(out, source)
            return source
        self._unshaped[out] = source
        to = self.integers(f"{name}.shape", shape)
        self.add(Node(name, "Reshape", (source, to), (out,)), [Tensor(shape, tensor.dtype)])
        return self.name(out)

    def finished(self) -> StepGraph:
        """The graph without unread values; its outputs keep their names if a node makes them."""
        renamed = self._named_outputs()

        def last(value: str) -> str:
            name = self.name(value)
            return renamed.get(name, name)

        nodes = [
            replace(
                node,
                inputs=tuple(last(name) if name else "" for name in node.inputs),
                outputs=tuple(renamed.get(name, name) for name in node.outputs),
            )
            for node in self.nodes
        ]
        outputs = tuple(last(name) for name in self.graph.outputs)
        states = tuple(
            State(state.input, last(state.output), None if state.initial is None else self.name(state.initial))
            for state in self.graph.states
        )
        nodes = read_nodes(nodes, outputs)
        made = [name for node in nodes for name in node.outputs]
        tensors = {renamed.get(name, name): tensor for name, tensor in self.tensors.items()}
        return replace(
            self.graph,
            nodes=tuple(nodes),
            values={name: tensors[name] for name in made},
            constants=self.constants,
            outputs=outputs,
            states=states,
        )

    def _named_outputs(self) -> dict[str, str]:
        """Value -> the name of an output of the graph that it is to get."""
        renamed = dict[str, str]()
        for output in self.graph.outputs:
            value = self.name(output)
            made = value in self.tensors and value not in self.graph.inputs
            if value != output and made and value not in self.graph.outputs:
                renamed.setdefault(value, output)
        return renamed


def _content(values: Array) -> tuple[object, ...]:
    """A key that is the same for constants that are equal."""
    return str(values.dtype), values.shape, sha256(np.ascontiguousarray(values).data).digest()


def read_nodes(nodes: Sequence[Node], outputs: Iterable[str]) -> list[Node]:
    """The nodes that an output depends on."""
    needed, kept = set(outputs), list[Node]()
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.operands)
            kept.append(node)
    return kept[::-1]


def used_constants(graph: StepGraph) -> dict[str, Array]:
    """The constants that a node, a state or an output of ``graph`` names."""
    used = {name for node in graph.nodes for name in node.operands} | set(graph.outputs)
    used.update(state.initial for state in graph.states if state.initial)
    return {name: values for name, values in graph.constants.items() if name in used}
