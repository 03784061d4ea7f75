"""The import of a foreign model: its graphs and their calls become a trace, with a record of its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nnasim.errors import NumericsError
from nnasim.ir.imported import Imported, NodeDistance, Source
from nnasim.ir.operands import OWN_DEFINITION, OpKind
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method
from workloads.stepgraph.decoding.calls import Calls
from workloads.stepgraph.decoding.decoding_graphs import SYMBOL, Key, decoding_graphs, decoding_links
from workloads.stepgraph.decoding.greedy import decode_numbered
from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER, Transducer, transducer
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.integers.calibration import Calibration, Watch, calibrate
from workloads.stepgraph.integers.distance import Beside, Distance, distances, input_tensors
from workloads.stepgraph.integers.stored_ranges import stored_calibration
from workloads.stepgraph.lowering.ledger import Fate, Ledger
from workloads.stepgraph.lowering.lowering import FUSION_RULE, Import, refuse_what_cannot_stand, to_trace
from workloads.stepgraph.run import FloatRun
from workloads.stepgraph.steps import Steps, random_steps, steps_of_each

FATES: Mapping[Fate, str] = {
    "chip": "on the chip", "cpu": "on the CPU", "view": "only seen in another shape", "folded": "folded",
}  # fmt: skip
RANDOM_CALLS = 20
SIXTEEN_BITS = {"activation_bits": 16, "cell_bits": 16, "accumulator_bits": 48, "multiplier_bits": 15}
WORTH_DB = 3.0  # what twice the bits must bring to be proposed


@dataclass(frozen=True, eq=False)
class Model:
    """A model to import. ``graphs``: those of its trace; ``links``: values that they share.

    ``name``: of the model; ``sources``: where it is from; ``transducer``: the one that the graphs decode with, if any.
    """

    name: str
    graphs: Mapping[str, StepGraph]
    sources: tuple[Source, ...] = ()
    links: tuple[tuple[Key, ...], ...] = ()
    transducer: Transducer | None = None

    @property
    def hearing(self) -> Mapping[str, StepGraph]:
        """The graphs with inputs from outside: of a transducer the encoder alone."""
        return self.graphs if self.transducer is None else {ENCODER: self.transducer.encoder}


def model_of(graphs: Mapping[str, StepGraph], name: str, sources: Sequence[Source] = (), blank: int = 0) -> Model:
    """``graphs`` as one model: a transducer if they are its three, else models that run one after another.

    Raises RefusedModelError if the three do not fit together.
    """
    if set(graphs) != {ENCODER, DECODER, JOINER}:
        return Model(name, graphs, tuple(sources))
    joined = transducer(graphs[ENCODER], graphs[DECODER], graphs[JOINER], blank)
    return Model(name, decoding_graphs(joined), tuple(sources), decoding_links(joined), joined)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """The calibration of a model.

    ``calibrations``: by graph; ``heard``: the steps behind them, none for noise and for a file's own ranges.
    """

    calibrations: Mapping[str, Calibration]
    heard: Mapping[str, Steps]

    @property
    def words(self) -> str:
        """A text with the calibration's inputs, its method, and the steps held out."""
        first = next(iter(self.calibrations.values()))
        for steps in self.heard.values():
            held_out = sum(map(steps.is_held_out, range(len(steps))))
            text = f"{len(steps) - held_out} steps of {first.source}, {first.method}"
            return f"{text}; {held_out} more between them held out" if held_out else text
        return first.source

    @property
    def is_random(self) -> bool:
        """Whether the calibration used noise."""
        return any(calibration.is_random for calibration in self.calibrations.values())


def calibrated_on(model: Model, arrays: Mapping[str, Array], source: str, method: Method = "mse") -> Calibrated:
    """``model`` calibrated on ``arrays`` by input, (N, *shape) each, of which every fifth call is held out.

    They are inputs of a transducer's encoder; its decoder and joiner are calibrated on the calls of decoding. Raises
    InputError with all faults of the arrays at once.
    """
    heard = steps_of_each(arrays, model.hearing, source)
    return Calibrated(_calibrations(model, heard, method), heard)


def calibrated_on_noise(model: Model, method: Method = "mse") -> Calibrated:
    """``model`` on seeded noise: enough for questions of time, and for no other."""
    noise = {name: random_steps(graph, RANDOM_CALLS) for name, graph in model.hearing.items()}
    return Calibrated(_calibrations(model, noise, method), {})


def stored_ranges(model: Model) -> Calibrated | None:
    """The ranges that the files of ``model`` bring with them; None if one of them has none."""
    calibrations = {name: stored_calibration(graph) for name, graph in model.graphs.items()}
    known = {name: calibration for name, calibration in calibrations.items() if calibration is not None}
    return Calibrated(known, {}) if len(known) == len(calibrations) else None


def _calibrations(model: Model, heard: Mapping[str, Steps], method: Method) -> dict[str, Calibration]:
    refuse_what_cannot_stand(model.graphs)
    if model.transducer is None:
        return {name: calibrate(graph, heard[name], method, hold_out=True) for name, graph in model.graphs.items()}
    steps, watches = heard[ENCODER], {name: Watch(graph) for name, graph in model.transducer.graphs.items()}

    def see(graph: str, run: FloatRun, call: int) -> None:
        if graph in watches and not steps.is_held_out(call):
            watches[graph].see(run, steps.source)

    decode_numbered(model.transducer, steps, see)
    seen = {name: watch.calibration(method, steps) for name, watch in watches.items()}
    return {**seen, **dict.fromkeys(model.transducer.row_graphs(), seen[ENCODER])}


@dataclass(frozen=True, eq=False)
class ModelImport:
    """An imported model.

    ``trace``: the imported model, to be simulated; ``constants``: its integers, none if it is for time only.

    ``ledger``: where each node runs; ``inputs``: the calibration's inputs, (N, *shape) by tensor of the trace.
    """

    trace: OpTrace
    constants: Mapping[str, Array]
    ledger: Ledger
    inputs: Mapping[str, Array] = field(default_factory=dict)


def imported(
    model: Model, numerics: NumericsConfig, calls: Calls, *, calibrated: Calibrated | None = None,
    on_cpu: Sequence[str] = (),
) -> ModelImport:  # fmt: skip
    """``model`` as a trace for a chip of ``numerics``, called as in ``calls``.

    ``on_cpu``: nodes, operators or patterns that the CPU is to run. Raises RefusedModelError with every node that
    cannot enter, ConfigError for a name in ``on_cpu`` that does not exist, NumericsError for values that the formats
    cannot hold.
    """
    lowered = _lowered(model, numerics, calls, calibrated, on_cpu)
    described = _described(model, lowered, calls, calibrated)
    if lowered.constants is None or calibrated is None or calibrated.is_random:
        trace = lowered.trace.model_copy(update={"source": {}, "imported": described})
        return ModelImport(trace, {}, lowered.ledger)
    distances = tuple(_distances(model, lowered, calibrated, numerics))
    exact = {**_exact(lowered.trace), "distances": distances}
    trace = lowered.trace.model_copy(update={"source": {}, "imported": described.model_copy(update=exact)})
    constants = {**lowered.constants, **_first_symbol(model, lowered)}
    inputs = {
        tensor: calibrated.heard[name].arrays[value].reshape(-1, *trace.tensors[tensor].shape)
        for (name, value), tensor in input_tensors(trace, lowered, model.graphs).items()
        if name in calibrated.heard
    }
    return ModelImport(trace, constants, lowered.ledger, inputs)


def own_definitions(trace: OpTrace) -> list[OpKind]:
    """The kinds of operations of ``trace`` whose integers are this package's own definition."""
    return sorted(OWN_DEFINITION & {op.kind for graph in trace.graphs.values() for op in graph.ops})


def _exact(trace: OpTrace) -> dict[str, str]:
    """The claim that can be made for the integers of ``trace``, and why no more."""
    own = own_definitions(trace)
    if not own:
        return {"claim": "exact", "reason": ""}
    return {
        "claim": "exact by our own definition",
        "reason": f"no standard says which integers {' and '.join(own)} give{'s' if len(own) == 1 else ''}",
    }


def _lowered(
    model: Model, numerics: NumericsConfig, calls: Calls, calibrated: Calibrated | None, on_cpu: Sequence[str] = ()
) -> Import:
    calibrations = None if calibrated is None else calibrated.calibrations
    return to_trace(
        model.graphs, calls.utterances, numerics, links=model.links, on_cpu=on_cpu, calibration=calibrations
    )


def _distances(
    model: Model, lowered: Import, calibrated: Calibrated, numerics: NumericsConfig
) -> Iterator[NodeDistance]:
    """The distance of each node from float; for one that loses the signal, also with 16 bits."""
    if not calibrated.heard:
        return
    beside = Beside(model.graphs, lowered)
    far = distances(beside, calibrated.heard, model.transducer)
    wide = _with_16_bits(model, lowered, calibrated, numerics) if any(each.loses for each in far) else {}
    for each in far:
        proposal = _proposal(each, wide.get(each.node)) if each.loses else ""
        yield NodeDistance(node=each.node, operator=each.operator, signal_db=each.made_db, proposal=proposal)


def _with_16_bits(
    model: Model, lowered: Import, calibrated: Calibrated, numerics: NumericsConfig
) -> dict[str, float | None]:
    """Signal to error of each node if the chip had 16 bits throughout; nothing if it has, or if they do not help."""
    wide = numerics.with_(SIXTEEN_BITS | ({"activation": "lut16"} if numerics.activation == "lut8" else {}))
    if wide == numerics:
        return {}
    try:
        again = _lowered(model, wide, Calls(lowered.trace.utterances, ""), calibrated)
    except NumericsError:
        return {}
    beside = Beside(model.graphs, again)
    return {each.node: each.made_db for each in distances(beside, calibrated.heard, model.transducer)}


def _proposal(lost: Distance, wide_db: float | None) -> str:
    """A proposal that would bring a node's signal back: 16 bits if they do, the CPU in any case."""
    if wide_db is None or lost.made_db is None or wide_db - lost.made_db < WORTH_DB:
        return "on the CPU"
    return f"with 16 bits {wide_db:.0f} dB, or on the CPU"


def _first_symbol(model: Model, lowered: Import) -> dict[str, Array]:
    """The first symbol of decoder and joiner, if that is not symbol 0."""
    if model.transducer is None or not model.transducer.blank:
        return {}
    tensor = lowered.wires[JOINER, SYMBOL].tensor
    return {f"{tensor}.initial": np.full(lowered.trace.tensors[tensor].shape, model.transducer.blank, np.int32)}


def _described(model: Model, lowered: Import, calls: Calls, calibrated: Calibrated | None) -> Imported:
    """The record of an import for questions of time only."""
    return Imported(
        name=model.name,
        sources=model.sources,
        calls=calls.method,
        claim="time only",
        reason=lowered.reason or "it was calibrated on noise, which says nothing of what its values will be",
        calibration="" if calibrated is None else calibrated.words,
        fusion=FUSION_RULE,
        nodes=node_counts(model, lowered.ledger),
    )


def node_counts(model: Model, ledger: Ledger) -> dict[str, int]:
    """The number of nodes of the model by where they ended, including those that never run."""
    folded = sum(len(graph.folded) for graph in model.graphs.values())
    counts = {words: ledger.counts[fate] for fate, words in FATES.items()}
    return {**counts, FATES["folded"]: counts[FATES["folded"]] + folded}
