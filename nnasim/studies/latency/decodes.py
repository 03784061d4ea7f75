"""The study's decodes: five systems, two beams, and the words of every placement of waterfall and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nnasim.hardware import NnaConfig
from nnasim.ir.trace import System
from nnasim.studies.latency.costs import policy_traces, waterfall_traces
from nnasim.studies.parallel import Call
from reports.study_record import Accuracy

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

SYSTEMS: tuple[System, ...] = ("float", "cpu_int8", "cpu_fallback", "naive", "aat")
PLACED: tuple[System, ...] = ("naive", "aat")
Road = Literal["greedy", "beam", "placed"]


@dataclass(frozen=True)
class Speech:
    """The speech, the models that decode it, and the chip."""

    manifest: Path
    checkpoints: Path
    chip: NnaConfig
    limit: int | None = None


def decodes(speech: Speech, beam: int, beam_systems: Sequence[System]) -> dict[tuple[Road, System], Call]:
    """The decodes of a study, ``beam_systems`` with a beam of that width too; those that take longest first."""
    return {
        **{("beam", system): partial(beam_run, speech, system, beam) for system in beam_systems},
        **{("greedy", system): partial(greedy_run, speech, system) for system in SYSTEMS},
        **{("placed", system): partial(placed_words, speech, system) for system in PLACED},
    }


def greedy_run(speech: Speech, system: System) -> SystemRun:
    """The corpus, greedily decoded by ``system``."""
    from aat_training.evaluate import run_system

    return run_system(speech.checkpoints, system, speech.manifest, speech.chip, speech.limit)


def beam_run(speech: Speech, system: System, beam: int) -> SystemRun:
    """The corpus, decoded by ``system`` with a beam."""
    from aat_training.checkpoint_files import checkpoint_for
    from aat_training.data.manifest import read_manifest
    from aat_training.evaluate import run_model
    from aat_training.systems import load_system

    numerics = speech.chip.numerics
    checkpoint, model, _ = load_system(checkpoint_for(speech.checkpoints, system), system, numerics)
    entries = read_manifest(speech.manifest, speech.limit)
    return run_model(model, checkpoint, entries, system, numerics, beam=beam)


def placed_words(speech: Speech, system: System) -> dict[str, Accuracy]:
    """Word errors of ``system``'s weights under each placement, by its label; every one is a decode of its own."""
    from aat_training.checkpoint_files import checkpoint_for
    from aat_training.data.examples import load_examples
    from aat_training.data.manifest import read_manifest
    from aat_training.decode.corpus import decode_corpus
    from aat_training.placement import placed_arithmetic
    from aat_training.systems import load_system
    from workloads.rnnt.builder import build_trace

    chip = speech.chip
    checkpoint, model, scheme = load_system(checkpoint_for(speech.checkpoints, system), system, chip.numerics)
    assert scheme is not None
    examples = load_examples(read_manifest(speech.manifest, speech.limit), checkpoint.recipe, checkpoint.tokens)
    graphs = build_trace(model.shape, model.shape.reduction, 0, system=system, numerics=chip.numerics)
    accuracies = {}
    for label, trace in (*waterfall_traces(graphs), *policy_traces(graphs)):
        model.arithmetic = placed_arithmetic(scheme, trace, chip)
        accuracies[label] = accuracy(label, decode_corpus(model, examples, checkpoint.recipe, checkpoint.tokens))
    return accuracies


def accuracy(name: str, pairs: list[tuple[str, str]]) -> Accuracy:
    """Word errors of (reference, hypothesis) pairs."""
    from aat_training.score import score, wer_interval

    scored = score(pairs)
    return Accuracy(name=name, wer=scored.wer, interval=wer_interval(scored), errors=scored.errors, words=scored.words)
