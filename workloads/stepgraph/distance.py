"""How far the integers of each node are from float: signal to error in dB, over steps that calibration has not heard.

The numpy reference runs beside the float kernels, each with states of its own, so that what an error does to later
calls is in it. A transducer's integers are given the symbols that float decoding chose, or the two would part.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnasim.ir.imported import NodeDistance
from nnasim.ir.trace import OpTrace
from nnasim.reference import Reference
from workloads.stepgraph.decoding_graphs import SYMBOL, Key
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.greedy import Decoder
from workloads.stepgraph.lowering import Import
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.scales import Scales
from workloads.stepgraph.steps import Steps
from workloads.stepgraph.stream import Stream
from workloads.stepgraph.transducer import ENCODER, JOINER, Transducer

LOST_DB = 15.0  # below it fewer than three bits of a value are right
OWN_LOSS_DB = 6.0  # what a node must lose itself, against what it reads, to be the one to change
LARGEST_DB = 300.0
_BY_TABLE = ("table", "sigmoid", "tanh", "softmax")


def input_tensors(trace: OpTrace, lowered: Import, graphs: Mapping[str, StepGraph]) -> dict[Key, str]:
    """The trace's own input tensor behind each input of each graph; what is a state, or linked, has none."""
    quantised = {op.outputs[0]: op.x for graph in trace.graphs.values() for op in graph.ops if op.kind == "quantise"}
    tensors = {
        (name, value): quantised.get(wire.tensor, wire.tensor)
        for name, graph in graphs.items()
        for value in graph.inputs
        if (wire := lowered.wires.get((name, value))) is not None
    }
    return {key: tensor for key, tensor in tensors.items() if trace.tensors[tensor].role == "input"}


@dataclass
class _Power:
    """Sums of squares over all calls: of a value in float, and of what its integers say too much or too little."""

    signal: float = 0.0
    error: float = 0.0

    @property
    def db(self) -> float | None:
        """Signal to error; None where there is none of the one or of the other."""
        if not self.signal or not self.error:
            return None
        return min(LARGEST_DB, max(-LARGEST_DB, 10 * math.log10(self.signal / self.error)))


class Beside:
    """The integers of an import beside its float graphs, call by call."""

    def __init__(self, graphs: Mapping[str, StepGraph], lowered: Import, scales: Scales) -> None:
        assert lowered.constants is not None
        self.graphs, self.lowered = graphs, lowered
        self.reference = Reference(lowered.trace, lowered.constants)
        self._inputs = input_tensors(lowered.trace, lowered, graphs)
        self._powers = defaultdict[Key, _Power](_Power)
        self._worth = {key: scales.step(wire) for key, wire in lowered.wires.items() if self._is_compared(key)}

    def _is_compared(self, key: Key) -> bool:
        graph, value = key
        return value in self.graphs[graph].values and self.graphs[graph].tensor(value).dtype.startswith("float")

    def call(self, graph: str, run: FloatRun) -> None:
        """Run ``graph`` on what ``run`` has just heard, and hold its values against those of ``run``."""
        for (name, value), tensor in self._inputs.items():
            if name == graph:
                spec = self.lowered.trace.tensors[tensor]
                self.reference.tensors[tensor] = run.values[value].astype(np.float64).reshape(spec.shape)
        self.reference.run(graph)
        for (name, value), worth in self._worth.items():
            if name == graph and value in run.values:
                self._compare((name, value), run.values[value], worth)

    def _compare(self, key: Key, real: Array, worth: float) -> None:
        integers = self.reference.tensors[self.lowered.wires[key].tensor]
        wanted = real.astype(np.float64).reshape(-1)
        power = self._powers[key]
        power.signal += float(np.square(wanted).sum())
        power.error += float(np.square(integers.reshape(-1) * worth - wanted).sum())

    def distances(self) -> Iterator[NodeDistance]:
        """Every node that the chip computes and whose value can be looked at."""
        computed = {(row.graph, row.node): row for row in self.lowered.ledger.of("chip")}
        kinds = {op.name: op.kind for graph in self.lowered.trace.graphs.values() for op in graph.ops}
        for name, graph in self.graphs.items():
            for node in graph.nodes:
                values = [value for value in node.outputs if (name, value) in self._powers]
                if (name, node.name) in computed and values:
                    decibels = self._decibels(name, values)
                    by_table = any(kinds.get(op) in _BY_TABLE for op in computed[name, node.name].ops)
                    yield NodeDistance(
                        node=(f"{name}/{node.name}" if len(self.graphs) > 1 else node.name)[:500],
                        operator=node.operator,
                        signal_db=decibels,
                        proposal=self._proposal(decibels, self._decibels(name, node.operands), by_table),
                    )

    def _decibels(self, graph: str, values: Sequence[str]) -> float | None:
        """The worst of ``values``."""
        known = [self._powers[graph, value].db for value in values if (graph, value) in self._powers]
        return min((each for each in known if each is not None), default=None)

    def _proposal(self, made: float | None, read: float | None, by_table: bool) -> str:
        """What would bring a signal back that the node itself loses."""
        if made is None or made >= LOST_DB or (read is not None and read - made < OWN_LOSS_DB):
            return ""
        numerics = self.lowered.trace.numerics
        finer = ["a unit of 16 bits"] if by_table and numerics.activation == "lut8" else []
        wider = ["activations of 16 bits"] if numerics.activation_bits == 8 else []
        return ", or ".join([*finer, *wider, "the CPU"])


def distances(beside: Beside, held_out: Mapping[str, Steps], transducer: Transducer | None) -> list[NodeDistance]:
    """Every node's distance over ``held_out``, worst first; those without any error, or any signal, last."""
    if transducer is None:
        _hear(beside, held_out)
    else:
        _decode(beside, held_out[ENCODER], transducer)
    return sorted(
        beside.distances(), key=lambda node: (math.inf if node.signal_db is None else node.signal_db, node.node)
    )


def _hear(beside: Beside, held_out: Mapping[str, Steps]) -> None:
    streams = {name: Stream(graph) for name, graph in beside.graphs.items()}
    for calls in zip(*(held_out[name] for name in streams), strict=True):
        for (name, stream), inputs in zip(streams.items(), calls, strict=True):
            stream(inputs)
            beside.call(name, stream.run)


def _decode(beside: Beside, held_out: Steps, transducer: Transducer) -> None:
    chosen = beside.lowered.wires[JOINER, SYMBOL].tensor

    def see(graph: str, run: FloatRun) -> None:
        beside.call(graph, run)
        if graph == JOINER:
            symbol = int(np.argmax(run.values[transducer.logits]))
            beside.reference.tensors[chosen] = np.full_like(beside.reference.tensors[chosen], symbol)

    decoder = Decoder(transducer, see=see)
    for _ in decoder.decode(held_out.arrays[transducer.features]):
        pass  # what is emitted is of no interest here
