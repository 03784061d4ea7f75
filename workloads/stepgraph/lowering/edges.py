"""The edges of a call: inputs from outside, states, and values that are kept for the next call."""

from __future__ import annotations

from collections import Counter, deque
from functools import partial

from workloads.stepgraph.graph import Node, State
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.homes import Homes
from workloads.stepgraph.lowering.standing_shapes import bare
from workloads.stepgraph.lowering.trace_draft import Wire


def let_in(low: GraphLowering, homes: Homes) -> None:
    """Add the values before the first node: states in their tensors, inputs quantised by the host."""
    states = {state.input: state for state in low.graph.states}
    for value in low.graph.inputs:
        if value in homes.arriving:
            low.arrive(value, homes.arriving[value])
            state = states.get(value)
            if state is not None and state.initial is not None:
                values = low.graph.constants[state.initial]
                low.fill(quantise.initial, low.wire(value), values.reshape(low.standing(value)))
        elif value in low.read:
            low.lower(Node(value, "Input", (), (value,)), _arrive)


def _arrive(low: GraphLowering, node: Node) -> None:
    """Add an input from the host: real numbers are quantised there, whole ones are unchanged."""
    (value,), shape = node.outputs, bare(low.shape(node.outputs[0]))
    grid, factor = low.grid(value)
    if grid.rule == "index":
        low.arrive(value, low.draft.tensor(low.here, shape, grid.bits, "input"))
        return
    real = low.draft.tensor(low.here, shape, 32, "input")
    low.arrive(value, low.draft.tensor(f"{low.here}.quantised", shape, grid.bits))
    op = low.op("quantise", "quantise", "input_quantise", [real], [low.wire(value).tensor])
    low.fill(quantise.arrival, op, Wire(low.wire(value).tensor, grid, factor))


def show(low: GraphLowering, homes: Homes) -> None:
    """Give the host a tensor for each output that is a state, or has the same integers as another value."""
    old = {homes.arriving[state.input] for state in homes.late}
    kept = {state.output for state in low.graph.states}
    given = [name for name in low.graph.outputs if name not in kept and name in low.wires]
    for value in sorted(homes.host_reads):
        if value in low.wires and low.draft.tensors[low.wire(value).tensor].role in ("state", "activation"):
            tensor = low.wire(value).tensor
            low.lower(Node(value, "Output", (value,), (value,)), partial(_show, old))
            for name in (name for name in given if low.wire(name).tensor == tensor):
                low.arrive(name, low.wire(value).tensor)


def _show(old: set[str], low: GraphLowering, node: Node) -> None:
    """Add a view, or a copy of a value that a state will no longer hold when the host reads."""
    wire = low.wire(node.inputs[0])
    shape = low.draft.tensors[wire.tensor].shape
    shown = low.draft.tensor(f"{low.here}.shown", shape, wire.grid.bits, "output")
    told = {} if wire.tensor in old else {"view": True}
    low.op("shown", "copy", "movement", [wire.tensor], [shown], **told)
    low.arrive(node.outputs[0], shown)


def keep_late(low: GraphLowering, homes: Homes) -> None:
    """Copy values that could not be written to their states' tensors, each state after all that read it are copied."""
    late = {homes.arriving[state.input]: state for state in homes.late}
    sources = {target: low.wire(state.output).tensor for target, state in late.items()}
    sources = {target: source for target, source in sources.items() if source != target}
    readers = Counter(sources.values())
    ready = deque(target for target in sources if not readers[target])
    while sources:
        if not ready:  # all that are left go round in circles, where each is read once
            ready.append(next(iter(sources)))
            held = _held(low, late[ready[0]], ready[0])
            sources = {target: held if source == ready[0] else source for target, source in sources.items()}
        target = ready.popleft()
        source, state = sources.pop(target), late[target]
        low.lower(Node(state.input, "State", (state.output,), (state.output,)), partial(_keep, source, target))
        readers[source] -= 1
        if source in sources and not readers[source]:
            ready.append(source)


def _held(low: GraphLowering, state: State, tensor: str) -> str:
    """A copy of what a state holds before it is overwritten."""
    spec = low.draft.tensors[tensor]
    held = low.draft.tensor(f"{tensor}.held", spec.shape, spec.bits)
    low.lower(Node(state.input, "State", (state.input,), (state.input,)), partial(_copy, "hold", tensor, held))
    return held


def _keep(source: str, target: str, low: GraphLowering, node: Node) -> None:
    _copy("keep", source, target, low, node)
    if node.outputs[0] not in low.graph.audio:
        low.arrive(node.outputs[0], target)


def _copy(part: str, source: str, target: str, low: GraphLowering, node: Node) -> None:
    low.op(part, "copy", "movement", [low.viewed(source, low.draft.tensors[target].shape)], [target])
