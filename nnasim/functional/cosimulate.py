"""Whole utterances on the functional chip, compared with the reference, integer by integer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nnasim.compiler import CompiledTrace
from nnasim.compiler.schedule import utterance_steps
from nnasim.errors import TraceError
from nnasim.functional.datapath import SramDatapath
from nnasim.functional.inputs import Features, Inputs, inputs_by_name
from nnasim.functional.observed import Observed, difference, outputs_of
from nnasim.functional.packing import Integers
from nnasim.hardware import NnaConfig
from nnasim.ir.run import StepRun
from nnasim.ir.trace import OpTrace, Utterance
from nnasim.reference import Reference
from nnasim.sim.run import run_steps


@dataclass(frozen=True)
class CosimReport:
    """The counts of a comparison.

    ``values``: integers compared in every output of every call, the inputs of argmaxes included (every logit of every
    joint step); ``states``: those of every state at an utterance's end; ``mismatches``: how many of both differ.


    ``different``: how many of them by the tensor that they belong to; ``only_logits``: whether the trace has no output
    but what argmaxes read.
    """

    utterances: int
    joint_steps: int
    values: int
    mismatches: int
    states: int = 0
    different: Mapping[str, int] = field(default_factory=dict)
    only_logits: bool = False


def cosimulate(
    trace: OpTrace, chip: NnaConfig, constants: Mapping[str, NDArray[Any]], features: Sequence[Features | Inputs]
) -> CosimReport:
    """The report of a run of ``trace`` on the chip with real integers; ``features``: per utterance an array (frames,
    ...) per input.

    A single array is used for every input. Raises TraceError if the trace is not an integer system, if features and
    trace do not agree, or if there is nothing to compare.
    """
    refuse_what_has_no_integers(trace)
    compiled = CompiledTrace(trace, chip)
    datapath, reference = SramDatapath(compiled, constants), Reference(trace, constants)
    different = Counter[str]()
    steps = values = states = 0
    for utterance, on_chip, heard in zip(trace.utterances, compiled.trace.utterances, features, strict=True):
        inputs = inputs_by_name(trace, utterance, heard)
        run_on_chip(compiled, datapath, on_chip, inputs)
        expected = observe_reference(reference, utterance, inputs)
        compared = difference(datapath.observed, expected)
        steps, values, states = steps + len(expected.logits), values + compared.answers, states + compared.states
        different.update(compared.different)
    if not values + states:
        raise TraceError("functional run", "tensors", None, "there is nothing to compare: no output, argmax or state")
    return CosimReport(
        utterances=len(features),
        joint_steps=steps,
        values=values,
        mismatches=different.total(),
        states=states,
        different=different,
        only_logits=not outputs_of(trace),
    )


def refuse_what_has_no_integers(trace: OpTrace) -> None:
    """Raise TraceError for a trace of which some operation computes in float."""
    if trace.system not in ("naive", "aat"):
        raise TraceError("functional run", "system", trace.system, "only naive and aat compute in integers alone")
    for graph in trace.graphs.values():
        for op in graph.ops:
            if op.kind == "host":
                allowed = "only the CPU can do it, in float, so that what follows has no integers to compare"
                raise TraceError("functional run", op.name, op.kind, allowed)


def run_on_chip(
    compiled: CompiledTrace, datapath: SramDatapath, utterance: Utterance, features: Features | Inputs
) -> list[StepRun]:
    """The runs of one utterance of ``compiled.trace``, with every event; ``datapath.observed`` holds the integers
    observed.
    """
    datapath.reset(inputs_by_name(compiled.given, utterance, features))
    runs = run_steps(list(utterance_steps(compiled, utterance)), compiled.chip, datapath=datapath)
    datapath.observed.at_the_end(compiled.given, datapath.tensors)
    return runs


def run_reference(reference: Reference, utterance: Utterance, features: Features | Inputs) -> list[Integers]:
    """The inputs of every argmax when numpy runs the same calls."""
    return observe_reference(reference, utterance, inputs_by_name(reference.trace, utterance, features)).logits


def observe_reference(reference: Reference, utterance: Utterance, inputs: Inputs) -> Observed:
    """The integers observed when numpy runs the same calls."""
    trace, observed = reference.trace, Observed()
    watched = outputs_of(trace)
    reference.reset()
    for graph, frame in zip(utterance.call_graphs, utterance.call_frames, strict=True):
        reference.tensors.update({name: values[frame] for name, values in inputs.items()})
        for op in trace.graphs[graph].ops:
            reference.execute(op)
            observed.after(op, watched, reference.tensors)
    observed.at_the_end(trace, reference.tensors)
    return observed
