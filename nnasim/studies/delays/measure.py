"""The words of a model, the times at which they leave, and the user's wait: one decoding, simulated on the chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aat_training.data.manifest import read_manifest
from aat_training.evaluate import run_model
from aat_training.score import Score, score
from aat_training.systems import load_system
from nnasim.analysis.realtime import RealTime
from nnasim.ir.trace import OpTrace, System, placement_of
from nnasim.studies.delays.plan import DelayStudy, Model
from nnasim.studies.latency.delays import WordTimes, emission_delays, with_speech_ends
from nnasim.studies.latency.study import in_real_time
from workloads.rnnt.shapes import RnntShape
from workloads.rnnt.silence import with_silence

Parts = Mapping[str, float]
Waits = Mapping[str, tuple[Parts, ...]]
"""The parts of each utterance's user-perceived latency [ms], by kind of endpointer; none if closed early or never."""

OFF_CHIP: System = "cpu_fallback"
SYSTEMS: dict[str, tuple[System, ...]] = {"float": ("float", OFF_CHIP), "aat": ("aat",)}


@dataclass(frozen=True)
class Measured:
    """One model's decode of dev as one system. ``delays_s``: of each recognised word, from its end to its symbol.

    ``off_chip``: what the user of this very decode would wait for if its activations ran on the CPU; empty if they
    do.
    """

    score: Score
    delays_s: tuple[float, ...]
    waits: Waits
    off_chip: Waits = field(default_factory=dict)


def measured(study: DelayStudy, model: Model, times: WordTimes) -> dict[System, Measured]:
    """Dev, decoded by ``model`` as each system that can run it."""
    return {system: _as_system(study, model, system, times) for system in SYSTEMS[model.arm]}


def _as_system(study: DelayStudy, model: Model, system: System, times: WordTimes) -> Measured:
    chip = study.chip
    checkpoint, recogniser, _ = load_system(study.folder / model.name, system, chip.numerics)
    run = run_model(recogniser, checkpoint, read_manifest(study.dev), system, chip.numerics)
    trace = _listening_on(with_speech_ends(run.trace, times), recogniser.shape, study)
    elsewhere = trace.model_copy(update={"placement": placement_of(OFF_CHIP)})
    return Measured(
        score=score(run.pairs),
        delays_s=tuple(emission_delays(times, {system: run}).get(system, ())),
        waits=_waits(study, system, trace),
        off_chip=_waits(study, system, elsewhere) if system == "aat" else {},
    )


def _listening_on(trace: OpTrace, shape: RnntShape, study: DelayStudy) -> OpTrace:
    """``trace`` with silence behind each utterance, so that endpointers close it and not the end of its file."""
    longest_s = (max(study.blanks_ms, study.wait_ms) + shape.frame_ms) / 1e3
    utterances = tuple(with_silence(utterance, shape, longest_s) for utterance in trace.utterances)
    return trace.model_copy(update={"utterances": utterances})


def _waits(study: DelayStudy, system: System, trace: OpTrace) -> Waits:
    seen = in_real_time(system, trace, study.chip, study.endpointers)
    return {kind: tuple(map(_parts, utterances)) for (_, kind), utterances in seen.items()}


def _parts(utterance: RealTime) -> Parts:
    """The parts of an utterance's wait; None if only the silence's end closed it, since no word was recognised."""
    return utterance.parts if utterance.closed == "endpointer" else {}
