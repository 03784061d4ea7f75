"""The distance of each node's integers from float: signal to error in dB, over steps that calibration has not used.

The numpy reference runs beside the float kernels, each with states of its own, so that the effect of an error on later
calls is included. A transducer's integers are given the symbols that float decoding chose, or the two would diverge.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnasim.ir.trace import OpTrace
from nnasim.reference import Reference
from workloads.stepgraph.decoding.decoding_graphs import SYMBOL, Key
from workloads.stepgraph.decoding.greedy import decode_numbered
from workloads.stepgraph.decoding.transducer import ENCODER, JOINER, Transducer
from workloads.stepgraph.graph import Array, Node, StepGraph
from workloads.stepgraph.lowering.ledger import Row
from workloads.stepgraph.lowering.lowering import Import
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.steps import HELD_OUT_OF, Steps
from workloads.stepgraph.stream import Stream

LOST_DB = 15.0  # below it fewer than three bits of a value are right
OWN_LOSS_DB = 3.0  # what a node must lose itself, against what it reads, to be the one to change
LARGEST_DB = 300.0


def input_tensors(trace: OpTrace, lowered: Import, graphs: Mapping[str, StepGraph]) -> dict[Key, str]:
    """The trace's own input tensor of each input of each graph; a state, or a linked input, has none."""
    ops = [op for graph in trace.graphs.values() for op in graph.ops]
    shown = {op.outputs[0]: op.x for op in ops if op.kind == "copy" and trace.tensors[op.outputs[0]].role == "output"}
    quantised = {op.outputs[0]: op.x for op in ops if op.kind == "quantise"}
    tensors = dict[Key, str]()
    for name, graph in graphs.items():
        for value in graph.inputs:
            if (wire := lowered.wires.get((name, value))) is not None:
                tensor = shown.get(wire.tensor, wire.tensor)  # where the host reads back what it has given
                tensors[name, value] = quantised.get(tensor, tensor)
    return {key: tensor for key, tensor in tensors.items() if trace.tensors[tensor].role == "input"}


@dataclass(frozen=True)
class Distance:
    """Signal to error of a node's output, and the worst of its inputs; None if there is no error, or no signal."""

    node: str
    operator: str
    made_db: float | None
    read_db: float | None

    @property
    def loses(self) -> bool:
        """Whether the node itself loses the signal."""
        if self.made_db is None or self.made_db >= LOST_DB:
            return False
        return self.read_db is None or self.read_db - self.made_db >= OWN_LOSS_DB


@dataclass
class _Power:
    """Sums of squares over all calls: of a value in float, and of what its integers say too much or too little."""

    signal: float = 0.0
    error: float = 0.0

    @property
    def db(self) -> float | None:
        """Signal to error in dB; None if either is missing."""
        if not self.signal or not self.error:
            return None
        return min(LARGEST_DB, max(-LARGEST_DB, 10 * math.log10(self.signal / self.error)))


class Beside:
    """The integers of an import beside its float graphs, call by call."""

    def __init__(self, graphs: Mapping[str, StepGraph], lowered: Import) -> None:
        constants, scales = lowered.constants, lowered.scales
        assert constants is not None
        assert scales is not None
        self.graphs, self.lowered = graphs, lowered
        self.reference = Reference(lowered.trace, constants)
        self._inputs = input_tensors(lowered.trace, lowered, graphs)
        self._powers = defaultdict[Key, _Power](_Power)
        self._worth = {key: scales.step(wire) for key, wire in lowered.wires.items() if self._is_compared(key)}

    def _is_compared(self, key: Key) -> bool:
        graph, value = key
        return value in self.graphs[graph].values and self.graphs[graph].tensor(value).dtype.startswith("float")

    def call(self, graph: str, run: FloatRun, *, counts: bool = True) -> None:
        """Run ``graph`` on the inputs of ``run``; if it ``counts``, compare its values with those of ``run``."""
        for (name, value), tensor in self._inputs.items():
            if name == graph:
                spec = self.lowered.trace.tensors[tensor]
                self.reference.tensors[tensor] = run.values[value].astype(np.float64).reshape(spec.shape)
        self.reference.run(graph)
        for (name, value), worth in self._worth.items():
            if counts and name == graph and value in run.values:
                self._compare((name, value), run.values[value], worth)

    def _compare(self, key: Key, real: Array, worth: float) -> None:
        """Add the powers of ``key``; what a mask has filled in is as far as its value reaches, and not compared."""
        wanted = real.astype(np.float64).reshape(-1)
        found = self.reference.tensors[self.lowered.wires[key].tensor].reshape(-1) * worth
        if (filled := self.lowered.filled.get(key)) is not None:
            is_left = np.abs(wanted) < abs(filled) / 2
            wanted, found = wanted[is_left], found[is_left]
        power = self._powers[key]
        power.signal += float(np.square(wanted).sum())
        power.error += float(np.square(found - wanted).sum())

    def distances(self) -> Iterator[Distance]:
        """The distance of every node that the chip computes and whose value can be observed.

        A node that is folded into a product, as its bias, is represented by the product.
        """
        for (graph, _), (row, nodes) in self._by_row().items():
            made = [value for node in nodes for value in node.outputs]
            read = [value for node in nodes for value in node.operands if value not in made]
            yield Distance(
                node=(f"{graph}/{row.node}" if len(self.graphs) > 1 else row.node)[:500],
                operator=row.operator,
                made_db=self._decibels(graph, made),
                read_db=self._decibels(graph, read),
            )

    def _by_row(self) -> dict[Key, tuple[Row, list[Node]]]:
        """The nodes whose values were compared, by the row of the ledger that has their operations."""
        chip = self.lowered.ledger.of("chip")
        row_of = {(row.graph, op): row for row in chip for op in row.ops}
        rows = {(row.graph, row.node): row for row in chip}
        for folded in self.lowered.ledger.of("folded"):
            if folded.ops and (row := row_of.get((folded.graph, folded.ops[0]))) is not None:
                rows[folded.graph, folded.node] = row
        found = dict[Key, tuple[Row, list[Node]]]()
        for name, graph in self.graphs.items():
            for node in graph.nodes:
                row = rows.get((name, node.name))
                if row is not None and any((name, value) in self._powers for value in node.outputs):
                    found.setdefault((name, row.node), (row, []))[1].append(node)
        return found

    def _decibels(self, graph: str, values: Sequence[str]) -> float | None:
        """The worst of ``values``."""
        known = [self._powers[graph, value].db for value in values if (graph, value) in self._powers]
        return min((each for each in known if each is not None), default=None)


def distances(beside: Beside, heard: Mapping[str, Steps], transducer: Transducer | None) -> list[Distance]:
    """Every node's distance over the calls that ``heard`` holds out, or over all if it holds out none.

    Worst first; those without any error, or any signal, last.
    """
    if transducer is None:
        _hear(beside, heard)
    else:
        _decode(beside, heard[ENCODER], transducer)
    return sorted(beside.distances(), key=lambda node: (math.inf if node.made_db is None else node.made_db, node.node))


def _judges(steps: Steps, call: int) -> bool:
    return steps.is_held_out(call) or not any(map(steps.is_held_out, range(HELD_OUT_OF)))


def _hear(beside: Beside, heard: Mapping[str, Steps]) -> None:
    streams = {name: Stream(graph) for name, graph in beside.graphs.items()}
    for call, inputs in enumerate(zip(*(heard[name] for name in streams), strict=True)):
        for (name, stream), each in zip(streams.items(), inputs, strict=True):
            stream(each)
            beside.call(name, stream.run, counts=_judges(heard[name], call))


def _decode(beside: Beside, steps: Steps, transducer: Transducer) -> None:
    chosen = beside.lowered.wires[JOINER, SYMBOL].tensor
    beside.reference.tensors[chosen] = np.full_like(beside.reference.tensors[chosen], transducer.blank)

    def see(graph: str, run: FloatRun, call: int) -> None:
        beside.call(graph, run, counts=_judges(steps, call))
        if graph == JOINER:
            symbol = int(np.argmax(run.values[transducer.logits]))
            beside.reference.tensors[chosen] = np.full_like(beside.reference.tensors[chosen], symbol)

    decode_numbered(transducer, steps, see)
