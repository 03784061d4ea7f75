"""The times at which words are spoken, the delay of their symbols, and the end of speech if it is not labelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

Spoken = tuple[Sequence[str], Sequence[float]]  # labels, and the second at which each of them ends


@dataclass(frozen=True)
class WordTimes:
    """The times at which words were spoken, by utterance. ``labels``: of a text; ``source``: where the times
    come from.
    """

    spoken: Mapping[str, Spoken]
    labels: Callable[[str], list[str]]
    source: str


def word_times(manifest: Path, checkpoint: Path, chip: NnaConfig, wanted: int) -> WordTimes:
    """The word times beside the manifest, else a forced alignment of the first ``wanted`` utterances by a float model.

    ``checkpoint``: that model's.
    """
    from aat_training.data.alignment import read_alignments

    if alignments := read_alignments(manifest):
        spoken = {
            id: ([w.word for w in alignment.words], [w.end for w in alignment.words])
            for id, alignment in alignments.items()
        }
        return WordTimes(spoken, str.split, "the word times beside the manifest")
    return _forced(manifest, checkpoint, chip, wanted)


def _forced(manifest: Path, path: Path, chip: NnaConfig, wanted: int) -> WordTimes:
    """The time at which each token was spoken, by the CTC head of the float model."""
    from aat_training.data.manifest import read_manifest
    from aat_training.data.text import normalised
    from aat_training.delays import ctc_ends
    from aat_training.systems import load_system

    checkpoint, model, _ = load_system(path, "float", chip.numerics)
    spoken: dict[str, Spoken] = {}
    for entry in read_manifest(manifest, wanted):
        tokens = checkpoint.tokens.encode(normalised(entry.text, checkpoint.recipe.text))
        ends = ctc_ends(model, checkpoint, entry, tokens)
        if ends is not None:
            spoken[entry.id] = ([str(token) for token in tokens], ends)
    source = "a forced alignment on the float model's CTC head, whose last symbol also stands for the end of speech"
    return WordTimes(spoken, lambda text: [str(token) for token in checkpoint.tokens.encode(text)], source)


def emission_delays(times: WordTimes, runs: Mapping[System, SystemRun]) -> dict[str, list[float]]:
    """Seconds from each recognised word's end to its emission, by system."""
    from aat_training.delays import matched_delays

    delays: dict[str, list[float]] = {}
    for system, run in runs.items():
        for (id, _, hypothesis), utterance in zip(run.hypotheses, run.trace.utterances, strict=True):
            symbols, emitted = times.labels(hypothesis), [utterance.arrivals[frame] for frame in utterance.emissions]
            if id in times.spoken and len(symbols) == len(emitted):  # one symbol a label: pieces have no word time
                delays.setdefault(system, []).extend(matched_delays(*times.spoken[id], symbols, emitted))
    return delays


def with_speech_ends(trace: OpTrace, times: WordTimes) -> OpTrace:
    """``trace`` with the end of the last label as ``speech_end`` of every utterance that has none of its own."""
    utterances = tuple(
        utterance.model_copy(update={"speech_end": times.spoken[utterance.id][1][-1]})
        if utterance.speech_end is None and utterance.id in times.spoken
        else utterance
        for utterance in trace.utterances
    )
    return trace.model_copy(update={"utterances": utterances})
