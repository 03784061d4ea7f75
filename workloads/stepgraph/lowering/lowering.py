"""StepGraphs -> one OpTrace: every node accounted for, or all that cannot enter refused at once, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnasim.ir.attributes import MOST_AXES
from nnasim.ir.shapes import macs_of
from nnasim.ir.trace import OP_GROUPS, Op, OpTrace, Unit, Utterance, placement_of
from nnasim.markup import counted
from nnasim.numerics.config import NumericsConfig
from workloads.stepgraph.graph import Array, Node, StepGraph
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.integers.grids import Grids, Key
from workloads.stepgraph.integers.scales import Scales
from workloads.stepgraph.kernels.given import number
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.edges import keep_late, let_in, show
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.homes import declare_homes
from workloads.stepgraph.lowering.ledger import Fate, Ledger, Lowered, ledger_of
from workloads.stepgraph.lowering.on_cpu import OnCpu, run_by_host, word_of
from workloads.stepgraph.lowering.rules import RULES, no_rule
from workloads.stepgraph.lowering.standing_shapes import bare
from workloads.stepgraph.lowering.trace_draft import FEWER, TraceDraft, Wire
from workloads.stepgraph.normal.normalise import FUSION_RULE, normalised
from workloads.stepgraph.normal.rewriting import Normal
from workloads.stepgraph.refusals import Refusal, RefusedModelError

Source = Mapping[str, str | int | float | None]


@dataclass(frozen=True, eq=False)
class Import:
    """The trace that graphs were lowered to.

    ``constants``: the integers by the names of a weights file, None if the trace is for questions of time alone.

    ``reason``: why it is that; ``wires``: by (graph, value) the tensor that holds a value and what its integers are
    worth, as ``scales`` say; ``filled``: of a value under a mask, the number where the mask leaves it out.
    """

    trace: OpTrace
    constants: Mapping[str, Array] | None
    ledger: Ledger
    wires: Mapping[Key, Wire] = field(default_factory=dict)
    reason: str = ""
    scales: Scales | None = None
    filled: Mapping[Key, float] = field(default_factory=dict)


def to_trace(
    graphs: Mapping[str, StepGraph],
    utterances: Sequence[Utterance],
    numerics: NumericsConfig,
    *,
    links: Sequence[Sequence[Key]] = (),
    on_cpu: Sequence[str] = (),
    calibration: Mapping[str, Calibration] | None = None,
    source: Source | None = None,
) -> Import:
    """``graphs``, which ``utterances`` call by name, lowered to a trace.

    - ``links``: the (graph, output) that makes a value, and the (graph, input) that read it: one tensor for all of
      them.
    - ``on_cpu``: operators, nodes or patterns of nodes that the CPU is to run.
    - ``calibration``: by graph, for the integers; without it, and with work on the CPU, the trace serves questions of
      time only.

    Raises RefusedModelError with every node that cannot be lowered, ConfigError for a name in ``on_cpu`` that does not
    exist.
    """
    refuse_what_cannot_stand(graphs)
    lowering = _Lowering(graphs, links, numerics, OnCpu(on_cpu, graphs))
    lowering.run()
    ledger = lowering.ledger()
    trace = OpTrace(
        schema_version=2,
        system="naive",
        placement=placement_of("naive", OP_GROUPS),
        op_placement=lowering.op_placement,
        numerics=numerics,
        tensors=lowering.draft.tensors,
        graphs=lowering.draft.graphs,
        utterances=tuple(utterances),
        source={**(source or {}), "fusion": FUSION_RULE},
    )
    reason = _reason(ledger, numerics, calibration is not None)
    scales = None if calibration is None or reason else Scales(numerics, calibration)
    return Import(
        trace=trace,
        constants=None if scales is None else quantise.constants_of(lowering.draft.fillers, scales),
        ledger=ledger,
        wires=lowering.wires,
        reason=reason,
        scales=scales,
        filled=lowering.filled(),
    )


def refuse_what_cannot_stand(graphs: Mapping[str, StepGraph]) -> None:
    """Raise RefusedModelError for values without elements, as of a cache that is still empty at the first call, and
    for inputs of too many axes."""
    empty = "has no elements", "export the model with caches of their full length"
    refusals = [
        Refusal(name, "value", *empty)
        for graph in graphs.values()
        for name, tensor in {**graph.inputs, **graph.values}.items()
        if not tensor.elements
    ]
    refusals += [
        Refusal(name, "input", f"has {axes} axes, of which a trace's tensors have at most {MOST_AXES}", FEWER)
        for graph in graphs.values()
        for name, tensor in graph.inputs.items()
        if (axes := len(bare(tensor.shape))) > MOST_AXES
    ]
    if refusals:
        raise RefusedModelError(", ".join(graph.name for graph in graphs.values()), refusals)


def _reason(ledger: Ledger, numerics: NumericsConfig, is_calibrated: bool) -> str:
    """The reason why an import serves questions of time only; "" if it has integers."""
    if on_cpu := ledger.of("cpu"):
        return f"{counted(len(on_cpu), 'node')} on the CPU, in float"
    if not numerics.has_unit:
        return "the chip has no activation unit, so that the CPU does that work, in float"
    return "" if is_calibrated else "it was not calibrated, so there are no integers"


class _Lowering:
    """All graphs on their way into one draft."""

    def __init__(
        self, graphs: Mapping[str, StepGraph], links: Sequence[Sequence[Key]], numerics: NumericsConfig, on_cpu: OnCpu
    ) -> None:
        self._graphs, self._on_cpu = graphs, on_cpu
        self.normals: dict[str, Normal] = {name: normalised(graph) for name, graph in graphs.items()}
        self._grids, self.draft = Grids(self.normals, links, numerics), TraceDraft(numerics)
        self._prefixes = {name: f"{name}/" if len(graphs) > 1 else "" for name in graphs}
        self._homes = declare_homes(self.normals, self._grids, self.draft, links, self._prefixes)
        self._lowered: dict[str, dict[str, Lowered]] = {name: {} for name in graphs}
        self._refusals: list[Refusal] = []
        self.op_placement: dict[str, Unit] = {}
        self.wires: dict[Key, Wire] = {}

    def run(self) -> None:
        """Lower every node of every graph. Raises RefusedModelError."""
        for name in self._graphs:
            self._graph(name)
        for name, graph in self._graphs.items():
            if not self.draft.ops.get(name):
                self._refusals.append(Refusal(graph.name or name, "graph", "computes nothing"))
        if self._refusals:
            models = dict.fromkeys(graph.name or name for name, graph in self._graphs.items())
            raise RefusedModelError(", ".join(models), self._refusals)

    def ledger(self) -> Ledger:
        """The fate of every node."""
        rows = (ledger_of(name, self._graphs[name], self.normals[name], self._lowered[name]) for name in self._graphs)
        return Ledger(tuple(row for graph in rows for row in graph))

    def filled(self) -> dict[Key, float]:
        """The filling of masks, by the value that they are applied to."""
        return {
            (name, node.outputs[0]): number(node.attributes, "number")
            for name, normal in self.normals.items()
            for node in normal.graph.nodes
            if node.operator == "Saturate"
        }

    def _graph(self, name: str) -> None:
        normal, homes = self.normals[name], self._homes[name]
        low = GraphLowering(
            name, normal, self._grids, self.draft, homes.written, homes.host_reads, self._prefixes[name]
        )
        let_in(low, homes)
        for node in normal.graph.nodes:
            self._lowered[name][node.outputs[0]] = self._node(low, node)
        show(low, homes)
        keep_late(low, homes)
        self.wires.update({(name, value): wire for value, wire in low.wires.items()})

    def _node(self, low: GraphLowering, node: Node) -> Lowered:
        on_cpu = self._on_cpu.covers(low.name, low.normal, node)
        try:
            ops = self._ops(low, node, on_cpu)
        except CannotLower as cannot:
            self._refusals.append(Refusal(node.name, word_of(low.normal, node), cannot.why, cannot.help))
            low.leave_open(node)
            return Lowered("refused", why=cannot.why)
        if on_cpu:
            self.op_placement.update(dict.fromkeys((op.name for op in ops), "cpu"))
        fate: Fate = "cpu" if on_cpu else "chip" if ops else "view"
        macs = sum(macs_of(op, self.draft.tensors) for op in ops)
        return Lowered(fate, tuple(op.name for op in ops), macs=macs)

    @staticmethod
    def _ops(low: GraphLowering, node: Node, on_cpu: bool) -> list[Op]:
        """Operations of the chip; if it has none and the CPU is to run the node, the one of the host."""
        try:
            return low.lower(node, RULES.get(node.operator, no_rule))
        except CannotLower:
            if not on_cpu:
                raise
            return low.lower(node, run_by_host)
