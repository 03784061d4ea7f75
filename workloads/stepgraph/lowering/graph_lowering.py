"""One StepGraph, normalised, as operations of a trace: the tensor of each value, and the operations of each node.

Shapes in a trace may differ from those of the values in leading axes of one, and in any axes where the elements keep
their order: a reader that needs a shape asks for it (``shaped``) and gets a view, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnasim.ir.operands import OpKind, Role
from nnasim.ir.trace import Op, OpGroup
from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.integers.grids import Grid, Grids
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.standing_shapes import Shape, bare
from workloads.stepgraph.lowering.trace_draft import Filler, TraceDraft, Wire, same_format
from workloads.stepgraph.normal.rewriting import Normal


class GraphLowering:
    """Writes the nodes of ``normal`` into graph ``name`` of ``draft``, one by one.

    ``homes``: tensors that outlive a call, by the value that a node writes to them. ``host_reads``: values that the
    host reads. ``prefix``: comes before the names of nodes and values. ``ops``: those of the node at hand.
    ``wires``: the wire of each value that has arrived or was made.
    """

    def __init__(
        self, name: str, normal: Normal, grids: Grids, draft: TraceDraft, homes: Mapping[str, str],
        host_reads: set[str], prefix: str = "",
    ) -> None:  # fmt: skip
        self.name, self.normal, self.draft, self.prefix = name, normal, draft, prefix
        self.graph, self.numerics = normal.graph, draft.numerics
        self.ops: list[Op] = []
        self.read = {name for node in self.graph.nodes for name in node.operands} | set(self.graph.outputs)
        self.argmax_reads = {node.inputs[0] for node in self.graph.nodes if node.operator == "ArgMax"}
        self._grids, self._homes, self._host_reads = grids, homes, host_reads
        self.wires: dict[str, Wire] = {}
        self._views: dict[str, Mapping[Shape, str]] = {}
        self._shared: dict[tuple[object, ...], str] = {}
        self._node: Node | None = None
        self._unsettled: list[tuple[Wire, Wire]] = []

    # --- values -------------------------------------------------------------------------------------------------

    def shape(self, value: str) -> Shape:
        """Shape of a value as its graph has it."""
        return self.graph.tensor(value).shape

    def grid(self, value: str) -> tuple[Grid, float]:
        """The grid of ``value``, and what its integers are worth against the grid's step."""
        return self._grids.of((self.name, value))

    def wire(self, value: str) -> Wire:
        """The wire that holds ``value``."""
        return self.wires[value]

    def standing(self, value: str) -> Shape:
        """Shape of the tensor that holds ``value``."""
        return self.draft.tensors[self.wire(value).tensor].shape

    def shaped(self, value: str, shape: Shape) -> str:
        """The tensor that holds ``value``, or a view of it, in ``shape``."""
        return self.viewed(self.wire(value).tensor, shape)

    def viewed(self, tensor: str, shape: Shape) -> str:
        """``tensor``, or a view of it, in ``shape``."""
        spec = self.draft.tensors[tensor]
        if spec.shape == shape:
            return tensor
        views = self._views.get(tensor, {})
        if shape not in views:
            view = self.draft.tensor(f"{tensor}.view", shape, spec.bits)
            self.op("view", "copy", "movement", [tensor], [view], view=True)
            self._views[tensor] = views = {**views, shape: view}
        return views[shape]

    def is_home(self, value: str) -> bool:
        """Whether ``value`` is in a tensor that outlives the call, of a shape that is decided already."""
        return value in self._homes

    def is_given(self, value: str) -> bool:
        """Whether ``value`` goes to the host."""
        return value in self._host_reads

    def is_same_integer(self, node: Node) -> bool:
        """Whether what ``node``, a Scale, makes is its operand's integer."""
        return self._grids.is_same_integer(self.name, node)

    def shared(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        """A tensor that several nodes read, made by the first that asks for it."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def arrive(self, value: str, tensor: str) -> None:
        """Put ``value`` into ``tensor``."""
        self.wires[value] = Wire(tensor, *self.grid(value), self._grids.site((self.name, value)))

    def out(self, value: str, shape: Shape) -> Wire:
        """The tensor, of ``shape``, that the node at hand writes ``value`` to."""
        if value in self._homes:
            self.arrive(value, self._homes[value])
        else:
            role: Role = "output" if value in self._host_reads else "activation"
            self.arrive(value, self.draft.tensor(self.prefix + value, shape, self.grid(value)[0].bits, role))
        return self.wire(value)

    def into(self, target: Wire, own: Grid) -> Wire:
        """The wire for the output of an operation that makes the format ``own`` only: ``target``, or one that
        ``settle`` requantises.
        """
        if same_format(target, Wire("", own)):
            return target
        shape = self.draft.tensors[target.tensor].shape
        raw = Wire(self.draft.tensor(f"{target.tensor}.raw", shape, own.bits), own, 1.0, target.key)
        self._unsettled.append((raw, target))
        return raw

    def settle(self) -> None:
        """Requantise what was written in another format than its target's."""
        for raw, target in self._unsettled:
            self.requantise("format", raw, target)
        self._unsettled = []

    def scratch(self, part: str, shape: Shape, grid: Grid, factor: float = 1.0) -> Wire:
        """A tensor of the node at hand alone."""
        return Wire(self.draft.tensor(f"{self.here}.{part}", shape, grid.bits), grid, factor)

    def lasting(self, part: str, values: Array, grid: Grid, factor: float = 1.0) -> Wire:
        """A value that is the same at each call, if the chip needs a computed operand: a state that is never
        written.
        """
        wire = Wire(self.draft.tensor(f"{self.here}.{part}", values.shape, grid.bits, "state"), grid, factor)
        if values.any():
            self.fill(quantise.initial, wire, values)
        return wire

    def constant(
        self, part: str, values: Array, grid: Grid | None = None, factor: float = 1.0, shape: Shape | None = None
    ) -> Wire:
        """A constant operand, in the format of ``grid``; without one in an activation's bits, by its own range."""
        values = values.reshape(shape or bare(values.shape))
        grid = grid or Grid(self.numerics.activation_bits, "range", reach=float(np.abs(values).max(initial=0.0)))
        wire = Wire(self.draft.tensor(f"{self.here}.{part}", values.shape, grid.bits, "bias"), grid, factor)
        self.fill(quantise.constant, wire, values)
        return wire

    # --- operations ---------------------------------------------------------------------------------------------

    @property
    def here(self) -> str:
        """The name of the node at hand in the trace."""
        assert self._node is not None
        return self.prefix + self._node.name

    @property
    def _layer(self) -> str:
        """The group of operations in a report: the module of the node by its exporter's names, or the node itself."""
        assert self._node is not None
        return self.prefix + (self._node.name.strip("/").rpartition("/")[0] or self._node.name)

    def op(
        self, part: str, kind: OpKind, group: OpGroup, inputs: Sequence[str], outputs: Sequence[str], **told: Any
    ) -> str:
        """Append an operation, called as the node at hand is, and ``part``; returns its name."""
        name = f"{self.here}.{part}" if part else self.here
        op = self.draft.op(self.name, name, self._layer, kind, group, inputs, outputs, told)
        self.ops.append(op)
        for tensor in outputs:
            self._views.pop(tensor, None)  # they show what a state held before
        return op.name

    def fill(self, filler: Callable[..., Mapping[str, Array]], *arguments: object) -> None:
        """Note that ``filler`` makes constants of ``arguments`` and the scales, once these are known."""
        made: Filler = partial(filler, *arguments)
        self.draft.fill(made)

    def lower(self, node: Node, rule: Callable[[GraphLowering, Node], None]) -> list[Op]:
        """Lower ``node`` by ``rule``; returns its operations. Raises CannotLower, and then nothing is written."""
        self._node, self.ops, self._unsettled = node, [], []
        mark, views, shared = self.draft.mark(self.name), dict(self._views), dict(self._shared)
        try:
            rule(self, node)
        except CannotLower:
            self.draft.undo(mark)
            self._views, self._shared = views, shared
            raise
        self.settle()
        return self.ops

    def leave_open(self, node: Node) -> None:
        """Give the values of ``node``, which cannot be lowered, a place, so that their readers are checked too."""
        for value in node.outputs:
            elements, bits = self.graph.tensor(value).elements, self.grid(value)[0].bits
            self.arrive(value, self.draft.tensor(self.prefix + value, (elements,), bits))

    def requantise(self, part: str, x: Wire, out: Wire) -> None:
        """Requantise from one format into another."""
        name = self.op(part, "requantise", "element_wise", [x.tensor], [out.tensor])
        self.fill(quantise.requantised, name, x, out)
