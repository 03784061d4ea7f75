"""The values that share one integer format: those that are moved into each other, kept as one state, or handed over.

A grid is such a set of values, with the bits of an integer and the rule by which its worth is found:
- ``unit``: 2^-7 of 8 bits, 2^-15 of 16, for what lies within -1 and 1, such as h, sigmoid, tanh and softmax;
- ``double``: twice that, for what lies within -2 and 2;
- ``gate``: 2^-12, the domain of gates and logits; ``product``: the same, finer where the values are small;
- ``cell``: the chip's cell state; ``cell_sum``: 32 bits, for the two products that it is the sum of;
- ``sum``: 32 bits, for other products of two values that are only added up;
- ``index``: 1, for whole numbers; ``truth``: 1, for what is true or not; ``range``: full scale is the calibrated range.
What only sums, tables, norms and the host read is wide, of 16 or 32 bits. All else has the bits of an activation.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nnasim.numerics.activation import Function
from nnasim.numerics.config import NumericsConfig
from workloads.stepgraph.graph import Node
from workloads.stepgraph.integers.inner_values import CELL, site
from workloads.stepgraph.integers.step_sets import StepSets
from workloads.stepgraph.normal.rewriting import Normal

Rule = Literal["unit", "double", "gate", "product", "cell", "cell_sum", "sum", "index", "truth", "range"]
Origin = Literal["input", "unit", "cell", "product", "norm", "addition", "multiplication", "embedding", "any"]
Key = tuple[str, str]
"""(graph, value)."""

FIXED: tuple[Rule, ...] = ("unit", "double", "gate", "index", "truth")
"""Rules that need no calibration."""

MOVES = (
    "View", "Scale", "Slice", "Split", "Transpose", "Expand", "Pad", "Concat", "Shift", "Gather", "Saturate",
)  # fmt: skip
JOINTS = ("Concat", "Shift")
INDEX_BITS = 16
TRUTH_BITS = 8
WIDE_BITS = 32
SUM_BITS = 16
GATE_REACH = 8.0
MASK_REACH = 16.0
"""The reach of a value under a mask: e^-16 of what is masked is left, whatever the logits are."""
_SUMS = ("Add", "Sub")
_READS_WIDE = (*_SUMS, "Table", "LayerNormalization", "ArgMax", "Softmax")
_ORIGINS: Mapping[str, Origin] = {
    "Linear": "product",
    "Conv": "product",
    "Product": "product",
    "LayerNormalization": "norm",
    "Softmax": "unit",
    "Add": "addition",
    "Sub": "addition",
    "Mul": "multiplication",
    "Embedding": "embedding",
}


_UNIT_FUNCTIONS: Mapping[tuple[str, ...], Function] = {("Sigmoid",): "sigmoid", ("Tanh",): "tanh"}


@dataclass(eq=False)
class Grid:
    """A set of values that share one integer format.

    ``makers``: what calibration calls each value that arrives or is computed, and its worth against the grid's step.

    ``reach``: the range, if it needs no calibration; ``start``: how far constants reach that stand in the grid;
    ``is_masked``: whether a mask is laid over one of its values, which it reaches ``MASK_REACH`` for.
    """

    bits: int
    rule: Rule
    reach: float | None = None
    start: float = 0.0
    is_masked: bool = False
    makers: list[tuple[Key, float]] = field(default_factory=list)
    origins: set[Origin] = field(default_factory=set)


def unit_function(normal: Normal, node: Node) -> Function | None:
    """The function of the chip's activation unit that a Table is; None for any other."""
    return _UNIT_FUNCTIONS.get(normal.functions[node.outputs[0]].operators)


class Grids:
    """The grid of every computed value in ``normals``, by graph; ``links``: values that share one tensor."""

    def __init__(self, normals: Mapping[str, Normal], links: Sequence[Sequence[Key]], numerics: NumericsConfig) -> None:
        self.normals, self.numerics = normals, numerics
        self._sets = StepSets[Key]()
        for graph, normal in normals.items():
            for a, b in _moved(normal):
                self._sets.join((graph, a), (graph, b))
        for first, *others in links:
            for other in others:
                self._sets.join(first, other)
        for graph, normal in normals.items():
            for a, b, factor in _scaled(normal):
                self._sets.join((graph, a), (graph, b), factor)
        self._linked = {key for link in links for key in link}
        self._of = dict[Key, Grid]()
        self._seen_as = {key: site for graph, normal in normals.items() for key, site in _seen_as(graph, normal)}
        self._readers = defaultdict[Key, list[tuple[str, Node]]](list)
        for graph, normal in normals.items():
            self._gather(graph, normal)
        outside = self._outside()
        for graph, normal in normals.items():
            for node in normal.graph.nodes:
                if node.operator in JOINTS:
                    self._take_in(graph, node, outside)
        for root, grid in self._of.items():
            readers = self._readers[root]
            places = (self._places(name, node) for name, node in readers if node.operator == "Embedding")
            self._decide(grid, [node for _, node in readers], max(places, default=0))
        for graph, normal in normals.items():
            for node in normal.graph.nodes:
                if node.operator in _SUMS:
                    self._bring_together(graph, node)

    def of(self, key: Key) -> tuple[Grid, float]:
        """The grid of a value, and what its integers are worth against the grid's step."""
        root, ratio = self._sets.root(key)
        return self._of[root], ratio

    def site(self, key: Key) -> Key:
        """The key of a value in the calibration: its name in the model, or that of the value that it is a view of
        there.
        """
        while key in self._seen_as:
            key = self._seen_as[key]
        return key

    def _gather(self, graph: str, normal: Normal) -> None:
        """Collect the makers and the readers of each set of ``graph``."""
        for value in (*normal.graph.inputs, *normal.graph.values):
            root, _ = self._sets.root((graph, value))
            grid = self._of.setdefault(root, Grid(self.numerics.activation_bits, "range"))
            dtype = normal.graph.tensor(value).dtype
            if not dtype.startswith("float"):
                grid.rule = "truth" if dtype == "bool" and grid.rule != "index" else "index"
        states = {state.input for state in normal.graph.states}
        for state in normal.graph.states:
            if state.initial is not None:
                self._start((graph, state.input), state.initial)
        for value in normal.graph.inputs:
            if value not in states and (graph, value) not in self._linked:
                self._make((graph, value), "input")
        for node in normal.graph.nodes:
            if node.operator == "Pad" and len(node.operands) > 2 and node.attributes["mode"] == "constant":
                self._start((graph, node.outputs[0]), node.operands[2])
            if node.operator == "Saturate":
                self._reach((graph, node.outputs[0]), MASK_REACH)
                self.of((graph, node.outputs[0]))[0].is_masked = True
            if node.operator == "Scale" and self.is_same_integer(graph, node):
                continue
            if node.operator in MOVES and node.operator != "Scale":
                continue
            for value in node.outputs:
                self._make((graph, value), _origin(normal, node, value))
            for value in node.operands:
                if not normal.graph.is_constant(value):
                    self._readers[self._sets.root((graph, value))[0]].append((graph, node))

    def is_same_integer(self, graph: str, node: Node) -> bool:
        """Whether what a Scale makes is its operand's integer, worth more or less, and not of a step that is given."""
        (before, of_before), (after, of_after) = (self.of((graph, name)) for name in (*node.inputs, *node.outputs))
        factor = node.attributes["factor"]
        assert isinstance(factor, float)
        return before is after and math.isclose(of_after, of_before * factor)

    def _make(self, key: Key, origin: Origin) -> None:
        grid, ratio = self.of(key)
        grid.makers.append((self.site(key), ratio))
        grid.origins.add(origin)

    def _take_in(self, graph: str, node: Node, outside: set[Key]) -> None:
        """Extend a joint to the reach of its parts; ``outside``: sets that come from beyond a call, or leave it.

        Values that only the joint reads are made in its format; the others keep their own, and are requantised for the
        joint.
        """
        out = graph, node.outputs[0]
        joint, of_out = self.of(out)
        for name in node.inputs:
            if self.normals[graph].graph.is_constant(name):
                self._start(out, name)
                continue
            key = graph, name
            (part, of_key), (root, _) = self.of(key), self._sets.root(key)
            if part is joint and of_key == of_out:
                continue
            joint.start = max(joint.start, part.start * of_key / of_out)
            if part is not joint and not self._readers[root] and root not in outside:
                self._sets.join(out, key)
                joint.makers += [(maker, of_maker * of_out / of_key) for maker, of_maker in part.makers]
                joint.origins |= part.origins
                continue
            joint.makers.append((self.site(key), of_out))
            joint.origins |= {"unit"} if part.origins == {"unit"} and of_key == 1 else {"any"}

    def _start(self, key: Key, constant: str) -> None:
        """Extend the grid of ``key`` to the reach of ``constant``, which is in it too."""
        values = self.normals[key[0]].graph.constants[constant]
        self._reach(key, float(np.abs(values).max(initial=0.0)))

    def _reach(self, key: Key, reach: float) -> None:
        """Extend the grid of ``key`` to at least ``reach``."""
        grid, ratio = self.of(key)
        grid.start = max(grid.start, reach / ratio)

    def _outside(self) -> set[Key]:
        """Sets of values that a call reads from outside, or leaves."""
        graphs = {name: normal.graph for name, normal in self.normals.items()}
        values = ((name, value) for name, graph in graphs.items() for value in (*graph.inputs, *graph.outputs))
        return {self._sets.root(key)[0] for key in (*values, *self._linked)}

    def _places(self, graph: str, node: Node) -> int:
        """The number of rows of an Embedding."""
        return self.normals[graph].graph.tensor(node.inputs[1]).shape[0]

    def _decide(self, grid: Grid, readers: Sequence[Node], most_places: int) -> None:
        """Bits and rule of ``grid`` by who makes it and who reads it; ``most_places``: that an index picks among."""
        origins, is_wide = grid.origins, all(node.operator in _READS_WIDE for node in readers)
        is_added = bool(readers) and all(node.operator in _SUMS for node in readers)
        is_plain = all(ratio == 1 for _, ratio in grid.makers)
        if grid.rule == "truth":
            grid.bits = TRUTH_BITS
        elif grid.rule == "index":
            grid.bits = INDEX_BITS if most_places <= 1 << (INDEX_BITS - 1) else WIDE_BITS
        elif origins == {"unit"} and is_plain and grid.start <= 1:
            grid.rule = "unit"
        elif origins == {"cell"} and is_plain:
            grid.bits, grid.rule = self.numerics.cell_bits, "cell"
        elif is_wide and origins <= {"product", "norm"}:
            grid.bits, grid.rule = WIDE_BITS, "gate" if "norm" in origins else "product"
        elif is_wide and (origins <= {"product", "norm", "addition"} or grid.is_masked):
            grid.bits = SUM_BITS
        elif is_added and origins == {"multiplication"}:
            grid.bits, grid.rule = WIDE_BITS, "sum"

    def _bring_together(self, graph: str, node: Node) -> None:
        """Give two operands of a sum one step if that spares their rescaling.

        Products that are added up share the step of their sum. A sum of two products that only the activation unit's
        own functions read stays in the gate domain, saturated to 16 bits, as the gates of an LSTM are.
        """
        keys = [(graph, name) for name in node.inputs]
        if any(self.normals[graph].graph.is_constant(name) for name in node.inputs):
            return
        (a, of_a), (b, of_b) = (self.of(key) for key in keys)
        if of_a != 1 or of_b != 1:
            return
        if a.rule == b.rule == "sum" and a is not b:
            a.makers += b.makers
            self._of[self._sets.root(keys[1])[0]] = a
        total, _ = self.of((graph, node.outputs[0]))
        is_gate = {a.rule, b.rule} <= {"gate", "product"} and total.bits == SUM_BITS and len(total.makers) == 1
        is_gate = is_gate and total.start <= GATE_REACH
        if is_gate and self._feeds_gates(graph, node.outputs[0]):
            a.rule = b.rule = total.rule = "gate"

    def _feeds_gates(self, graph: str, value: str) -> bool:
        """Whether the activation unit's own functions read ``value``, and nothing else does."""
        readers = self._readers[self._sets.root((graph, value))[0]]
        functions = (node.operator == "Table" and unit_function(self.normals[name], node) for name, node in readers)
        return bool(readers) and all(functions)


def _seen_as(graph: str, normal: Normal) -> Iterator[tuple[Key, Key]]:
    """Values that calibration knows under another name: c, new ones of which the model has a view, parts of states."""
    model = normal.origin
    for state in normal.graph.states:
        if state.input not in model.inputs:
            yield (graph, state.input), (graph, state.output)
    for node in normal.graph.nodes:
        if node.operator == "LSTM":
            yield (graph, node.outputs[2]), (graph, site(node, CELL))
        if node.operator == "View" and node.outputs[0] in model.values and node.inputs[0] not in model.values:
            yield (graph, node.inputs[0]), (graph, node.outputs[0])


def _origin(normal: Normal, node: Node, value: str) -> Origin:
    """The format in which ``node`` makes ``value`` by itself."""
    if node.operator == "LSTM" and value == node.outputs[2]:
        return "cell"
    if node.operator in ("LSTM", "GRU"):
        return "any" if len(node.inputs) > 8 and node.inputs[8] else "unit"
    if node.operator == "Table":
        return "unit" if unit_function(normal, node) else "any"
    return _ORIGINS.get(node.operator, "any")


def _moved(normal: Normal) -> Iterator[tuple[str, str]]:
    """Values of one step."""
    graph = normal.graph
    for node in graph.nodes:
        if node.operator in MOVES and node.operator not in ("Scale", "Concat"):
            yield from ((node.inputs[0], name) for name in node.outputs)
        elif node.operator in ("LSTM", "GRU"):
            yield node.outputs[0], node.outputs[1]
    yield from ((state.input, state.output) for state in graph.states)


def _scaled(normal: Normal) -> Iterator[tuple[str, str, float]]:
    """Values of one step but for a factor, unless the step of both is given: then the second one is requantised."""
    for node in normal.graph.nodes:
        if node.operator == "Scale":
            yield node.inputs[0], node.outputs[0], float(node.attributes["factor"])  # type: ignore[arg-type]
