"""States that a call takes apart and puts together again, such as all layers' h and c in one array, are several states.

Which element goes where is found by sending the elements' numbers through every node that only moves elements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Array, Node, State, StepGraph
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.normal.rewriting import Normal

_APART = "Reshape", "Slice", "Split", "Transpose"
_TOGETHER = (*_APART, "Concat")


@dataclass(frozen=True, eq=False)
class _Part:
    """The part of a state that a call reads as ``input`` and leaves as ``output``: its elements ``places``, shaped as
    input is.
    """

    input: str
    output: str
    places: Array


def with_states_apart(normal: Normal) -> Normal:
    """``normal`` with a state for each part of one that is read and written in parts, and in the same ones."""
    moves = _Moves(normal.graph)
    parts = {state.input: found for state in normal.graph.states if (found := moves.parts(state))}
    return normal.with_graph(_with_states(normal.graph, parts)) if parts else normal


class _Moves:
    """The makers and the readers of each value of ``graph``."""

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.maker = {name: node for node in graph.nodes for name in node.outputs}
        self.readers = defaultdict[str, list[Node]](list)
        for node in graph.nodes:
            for name in node.operands:
                self.readers[name].append(node)
        self.kept = {*graph.outputs, *(state.output for state in graph.states)}

    def parts(self, state: State) -> list[_Part]:
        """The parts of ``state``; none if it is used as a whole, or its parts are not written as they are read."""
        if not all(node.operator in _APART for node in self.readers[state.input]):
            return []
        read = dict(self._read(state.input))
        written = self._written(state.output, self.graph.tensor(state.input).elements)
        by_places = {places.tobytes(): name for name, places in read.items()}
        pairs = {output: by_places.get(places.tobytes()) for output, places in written.items()}
        if len(read) != len(pairs) or None in pairs.values() or self.kept.intersection(read):
            return []
        if all(np.array_equal(places.reshape(-1), np.arange(places.size)) for places in read.values()):
            return []  # one part, in order: a state like any other
        found = [_Part(name, output, read[name]) for output, name in pairs.items() if name]
        return sorted(found, key=lambda part: int(part.places.min()))

    def _read(self, value: str) -> Iterator[tuple[str, Array]]:
        """Values that are read, not only moved, each with its elements' numbers in ``value``."""
        waiting = [(value, np.arange(self.graph.tensor(value).elements).reshape(self.graph.tensor(value).shape))]
        while waiting:
            name, places = waiting.pop()
            movers = [node for node in self.readers[name] if node.operator in _APART]
            if len(movers) < len(self.readers[name]) or not movers or name in self.kept:
                yield name, places
            for node in movers:
                waiting += zip(node.outputs, self._moved(node, [places]), strict=True)

    def _written(self, value: str, elements: int) -> dict[str, Array]:
        """Values that ``value`` is put together of, with their elements' places; none if one is not there once."""
        order, leaves = self._assembly(value)
        if any(name in self.graph.constants for name in leaves):
            return {}
        numbers, first = dict[str, Array](), dict[str, int]()
        for name in leaves:
            first[name] = sum(array.size for array in numbers.values())
            tensor = self.graph.tensor(name)
            numbers[name] = first[name] + np.arange(tensor.elements).reshape(tensor.shape)
        total = sum(array.size for array in numbers.values())
        for node in order:
            operands = [numbers[name] for name in node.operands if name in numbers]
            numbers.update(zip(node.outputs, self._moved(node, operands), strict=True))
        whole = numbers[value].reshape(-1)
        if whole.size != elements or not np.array_equal(np.sort(whole), np.arange(total)):
            return {}
        place = np.argsort(whole)
        return {name: place[first[name] : first[name] + self.graph.tensor(name).elements] for name in leaves}

    def _assembly(self, value: str) -> tuple[list[Node], list[str]]:
        """The nodes that put ``value`` together, in order, and what they put together."""
        order, leaves, waiting, done = list[Node](), dict[str, None](), [(value, False)], set[str]()
        while waiting:
            name, is_ready = waiting.pop()
            node = self.maker.get(name)
            if node is None or node.operator not in _TOGETHER:
                leaves[name] = None
            elif is_ready:
                if node.outputs[0] not in done:
                    order.append(node)
                done.add(node.outputs[0])
            elif node.outputs[0] not in done:
                waiting.append((name, True))
                operands = node.operands if node.operator == "Concat" else node.operands[:1]
                waiting += [(operand, False) for operand in operands]
        return order, list(leaves)

    def _moved(self, node: Node, numbers: Sequence[Array]) -> tuple[Array, ...]:
        """The results of ``node`` on element numbers in place of its operand."""
        constants = [self.graph.constants[name] for name in node.operands if name in self.graph.constants]
        return apply(node.operator, node.attributes, [*numbers, *constants])


def _with_states(graph: StepGraph, parts: Mapping[str, Sequence[_Part]]) -> StepGraph:
    """``graph`` with ``parts``, by the input of the state that they are parts of, in place of these states."""
    states, inputs, constants = list[State](), dict(graph.inputs), dict(graph.constants)
    gone = set[str]()
    for state in graph.states:
        if state.input not in parts:
            states.append(state)
            continue
        del inputs[state.input]
        gone.add(state.output)
        for part in parts[state.input]:
            initial = None if state.initial is None else f"{part.input}.initial"
            if initial and state.initial:
                constants[initial] = graph.constants[state.initial].reshape(-1)[part.places]
            states.append(State(part.input, part.output, initial))
            inputs[part.input] = graph.values[part.input]
    outputs = dict.fromkeys([*(name for name in graph.outputs if name not in gone), *(s.output for s in states)])
    return replace(graph, states=tuple(states), inputs=inputs, constants=constants, outputs=tuple(outputs))
