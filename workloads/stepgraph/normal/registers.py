"""States that are shift registers: new elements push the oldest out. A chip writes the new ones alone.

Exporters write a register in one of two ways: the old elements but for the first, then the new; or old and new in one
window that is read, and of which the end is the next state. The second is a register as long as the window.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from workloads.stepgraph.graph import Array, Node, State, StepGraph, Tensor
from workloads.stepgraph.kernels.given import integer
from workloads.stepgraph.normal.rewriting import Normal


@dataclass(frozen=True)
class _Register:
    """A state that is a shift register.

    ``joint``, a Concat, begins with the rest of ``state``; ``held``: the name of its content before.

    ``is_window``: whether the state is the end of the joint, and not the whole of it.
    """

    state: State
    joint: Node
    held: str
    is_window: bool

    @property
    def node(self) -> Node:
        """A Shift (register, new, ...), in place of the joint."""
        return replace(self.joint, operator="Shift", inputs=(self.held, *self.joint.inputs[1:]))


def with_registers(normal: Normal) -> Normal:
    """``normal`` with a Shift in place of each Concat that shifts a state along an axis."""
    graph = normal.graph
    registers = {register.joint.name: register for register in _found(graph)}
    if not registers:
        return normal
    by_state = {register.state.input: register for register in registers.values() if register.is_window}
    states, inputs, constants = list[State](), dict(graph.inputs), dict(graph.constants)
    for state in graph.states:
        register = by_state.get(state.input)
        if register is None:
            states.append(state)
            continue
        whole = graph.tensor(register.joint.outputs[0])
        inputs[register.held] = whole
        del inputs[state.input]
        initial = None if state.initial is None else f"{register.held}.initial"
        if initial and state.initial:
            constants[initial] = _at_the_end(graph.constants[state.initial], whole, register)
        states.append(State(register.held, register.joint.outputs[0], initial))
    nodes = [registers[node.name].node if node.name in registers else node for node in graph.nodes]
    gone = {register.state.output for register in by_state.values()} - {state.output for state in states}
    outputs = dict.fromkeys([*(name for name in graph.outputs if name not in gone), *(s.output for s in states)])
    return normal.with_graph(replace(graph, nodes=tuple(nodes), states=tuple(states), inputs=inputs,
                                     constants=constants, outputs=tuple(outputs)))  # fmt: skip


def _at_the_end(values: Array, whole: Tensor, register: _Register) -> Array:
    """The content of a window whose end is ``values``."""
    axis = integer(register.joint.attributes, "axis")
    missing = whole.shape[axis] - values.shape[axis]
    front = np.zeros((*values.shape[:axis], missing, *values.shape[axis + 1 :]), values.dtype)
    return np.concatenate([front, values], axis)


def _found(graph: StepGraph) -> list[_Register]:
    makers = {name: node for node in graph.nodes for name in node.outputs}
    reads = Counter(name for node in graph.nodes for name in dict.fromkeys(node.operands))
    found = list[_Register]()
    for state in graph.states:
        maker = makers.get(state.output)
        if maker is None:
            continue
        if maker.operator == "Concat":
            piece = makers.get(maker.inputs[0])
            if piece and reads[maker.inputs[0]] == 1 and _is_end(graph, piece, state.input, maker):
                found.append(_Register(state, maker, state.input, is_window=False))
        elif maker.operator == "Slice" and (joint := makers.get(maker.inputs[0])) and joint.operator == "Concat":
            is_first = joint.inputs[0] == state.input and reads[state.input] == 1
            if is_first and _is_end(graph, maker, joint.outputs[0], joint):
                found.append(_Register(state, joint, f"{joint.outputs[0]}.held", is_window=True))
    joints = Counter(register.joint.name for register in found)
    return [register for register in found if joints[register.joint.name] == 1]


def _is_end(graph: StepGraph, piece: Node, source: str, joint: Node) -> bool:
    """Whether ``piece`` is the end of ``source`` along the axis of ``joint``, less as many as the joint brings anew."""
    if piece.operator != "Slice" or piece.inputs[0] != source:
        return False
    starts, ends, axes, steps = (graph.constants[name].reshape(-1) for name in piece.inputs[1:])
    axis = integer(joint.attributes, "axis")
    if len(axes) != 1 or int(axes[0]) != axis or int(steps[0]) != 1:
        return False
    size = graph.tensor(source).shape[axis]
    new = sum(graph.tensor(name).shape[axis] for name in joint.inputs[1:])
    return int(ends[0]) >= size and int(starts[0]) == new
