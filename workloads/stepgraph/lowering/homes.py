"""Tensors that outlive a call: those of states, and those in which one graph leaves what another reads.

What a node makes of a state is written into the state's own tensor if every reader of the old one comes before that
node. Else it is copied there when the call is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workloads.stepgraph.graph import Node, State
from workloads.stepgraph.integers.grids import Grids, Key
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.standing_shapes import Shape, bare, standing_shape
from workloads.stepgraph.lowering.trace_draft import TraceDraft
from workloads.stepgraph.normal.rewriting import Normal
from workloads.stepgraph.refusals import Refusal, RefusedModelError

_SAME_TENSOR = ("View", "Scale")
"""Operators whose result mostly has the bytes of their operand."""


@dataclass(eq=False)
class Homes:
    """The tensors of one graph that outlive a call.

    ``written``: tensors by the value that a node writes to them; ``arriving``: by the input that is read from them.

    ``late``: states that are copied when the call is done. ``host_reads``: values that a call gives to the host.
    """

    written: dict[str, str] = field(default_factory=dict)
    arriving: dict[str, str] = field(default_factory=dict)
    late: list[State] = field(default_factory=list)
    host_reads: set[str] = field(default_factory=set)


def declare_homes(
    normals: Mapping[str, Normal], grids: Grids, draft: TraceDraft, links: Sequence[Sequence[Key]],
    prefixes: Mapping[str, str],
) -> dict[str, Homes]:  # fmt: skip
    """Declare the tensors of all states and links. Raises RefusedModelError for one that cannot be declared."""
    values = {name: _Values(normal) for name, normal in normals.items()}
    homes = {name: Homes(host_reads=values[name].outputs) for name in normals}

    def declared(graph: str, value: str, called: str) -> str:
        """The tensor of what a node of ``graph`` makes, in the shape in which the node's operations write it."""
        shape = standing_shape(normals[graph].graph, values[graph].maker[value], value)
        return stands(graph, called, shape, grids.of((graph, value))[0].bits)

    def stands(graph: str, called: str, shape: Shape, bits: int) -> str:
        try:
            return draft.tensor(prefixes[graph] + called, shape, bits, "state")
        except CannotLower as cannot:
            raise RefusedModelError(graph, [Refusal(called, "state", cannot.why, cannot.help)]) from None

    for link in links:
        makers = [
            (graph, values[graph].root(value)) for graph, value in link if value not in normals[graph].graph.inputs
        ]
        graph, root = makers[0]
        if root not in values[graph].maker:
            raise RefusedModelError(
                graph, [Refusal(link[0][1], "output", "is an input as it came, which is not computed")]
            )
        tensor = homes[graph].written.get(root) or declared(graph, root, link[0][1])
        for graph, root in makers:
            homes[graph].written[root] = tensor
        for graph, value in link:
            if value in normals[graph].graph.inputs:
                homes[graph].arriving[value] = tensor
    for graph, normal in normals.items():
        taken = set[str]()
        for state in normal.graph.states:
            root, written = values[graph].root(state.output), homes[graph].written
            if values[graph].may_overwrite(state, root) and root not in taken:
                taken.add(root)
                tensor = written[root] = written.get(root) or declared(graph, root, state.input)
            else:
                shape, bits = bare(normal.graph.tensor(state.input).shape), grids.of((graph, state.input))[0].bits
                tensor = stands(graph, state.input, shape, bits)
                homes[graph].late.append(state)
            homes[graph].arriving[state.input] = tensor
    handed_over = {(graph, values[graph].root(value)) for link in links for graph, value in link}
    for graph in normals:
        homes[graph].host_reads = {value for value in homes[graph].host_reads if (graph, value) not in handed_over}
    return homes


class _Values:
    """The makers, readers and observers of each value of a normalised graph."""

    def __init__(self, normal: Normal) -> None:
        self.graph = normal.graph
        self._place = {name: place for place, node in enumerate(self.graph.nodes) for name in node.outputs}
        self.maker = {name: node for node in self.graph.nodes for name in node.outputs}
        self._readers = defaultdict[str, list[Node]](list)
        for node in self.graph.nodes:
            for name in node.operands:
                self._readers[name].append(node)
        # Looked at when the call is done: what the host gets, and what is copied into states then.
        kept = (*self.graph.outputs, *(state.output for state in self.graph.states))
        self._late = {self.root(value, *_SAME_TENSOR) for value in kept}

    @property
    def outputs(self) -> set[str]:
        """The outputs of a call, without states: the values that they are views of."""
        kept = {state.output for state in self.graph.states}
        return {self.root(value) for value in self.graph.outputs if value not in kept}

    def root(self, value: str, *operators: str) -> str:
        """The value that ``value`` is a view of, or that ``operators`` leave unchanged."""
        followed = operators or ("View",)
        while (node := self.maker.get(value)) is not None and node.operator in followed:
            value = node.inputs[0]
        return value

    def may_overwrite(self, state: State, root: str) -> bool:
        """Whether a node makes ``root`` when the state's old elements are no longer needed."""
        if root not in self._place or state.input in self._late:
            return False
        return self._last_reading(state.input) <= self._place[root]

    def _last_reading(self, value: str) -> int:
        """The place of the last node that reads the tensor of ``value``; -1 without one."""
        last = -1
        for node in self._readers[value]:
            last = max(last, self._place[node.outputs[0]])
            if node.operator in _SAME_TENSOR:
                last = max(last, self._last_reading(node.outputs[0]))
        return last
