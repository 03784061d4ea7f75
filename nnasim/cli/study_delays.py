"""The study's emission delays: which words were spoken when, and how long after that their symbols left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim.hardware import NnaConfig
from nnasim.ir.trace import System

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

Spoken = tuple[list[str], list[float]]  # labels in order, and when each was spoken [s]


def emission_delays(
    manifest: Path, checkpoints: Path, chip: NnaConfig, runs: Mapping[System, SystemRun]
) -> tuple[dict[str, list[float]], str]:
    """Seconds from each recognised word's end to its emission, by system, and where the words' times come from."""
    from aat_training.data.alignment import read_alignments
    from aat_training.delays import matched_delays

    known = read_alignments(manifest)
    if known:
        spoken = {id: ([w.word for w in one.words], [w.end for w in one.words]) for id, one in known.items()}
        labels: Callable[[str], list[str]] = _words
        source = "the word times beside the manifest"
    else:
        spoken, labels = forced(manifest, checkpoints, chip, len(runs["float"].hypotheses))
        source = "a forced alignment on the float model's CTC head"
    delays: dict[str, list[float]] = {}
    for system, run in runs.items():
        for (id, _, heard), utterance in zip(run.hypotheses, run.trace.utterances, strict=True):
            symbols, times = labels(heard), [utterance.arrivals[frame] for frame in utterance.emissions]
            if id in spoken and len(symbols) == len(times):  # one symbol a label: pieces of words have no word time
                delays.setdefault(system, []).extend(matched_delays(*spoken[id], symbols, times))
    return delays, source


def forced(
    manifest: Path, checkpoints: Path, chip: NnaConfig, wanted: int
) -> tuple[dict[str, Spoken], Callable[[str], list[str]]]:
    """When each token was spoken by the CTC head of the float model; and what turns text into such tokens."""
    from aat_training.data.manifest import read_manifest
    from aat_training.delays import ctc_ends
    from aat_training.systems import checkpoint_for, load_system

    checkpoint, model, _ = load_system(checkpoint_for(checkpoints, "float"), "float", chip.numerics)
    spoken = {}
    for entry in read_manifest(manifest)[:wanted]:
        tokens = checkpoint.tokens.encode(entry.text)
        ends = ctc_ends(model, checkpoint, entry, tokens)
        if ends is not None:
            spoken[entry.id] = ([str(token) for token in tokens], ends)
    return spoken, lambda text: [str(token) for token in checkpoint.tokens.encode(text)]


def _words(text: str) -> list[str]:
    return text.split()
