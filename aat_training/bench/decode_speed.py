"""Figures of decoding speed: the bundled speech by each system, several utterances at once against one by one."""

from __future__ import annotations

from functools import partial
from typing import get_args

from aat_training.bench.interleaved import Timing, Work, interleave
from aat_training.checkpoint_files import checkpoint_for
from aat_training.data.check import seconds_of
from aat_training.data.manifest import Entry, read_manifest
from aat_training.decode.corpus import BATCH
from aat_training.decode.speech import decode_speech
from aat_training.systems import load_system
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.trace import System
from workloads.bundled import checkpoints_folder, speech_manifest

UTTERANCES, ROUNDS = 64, 3


def contenders(system: System, entries: list[Entry], chip: NnaConfig) -> dict[str, Work]:
    """The work of ``nnasim evaluate`` from files to words, by name: utterance by utterance, and in batches."""
    checkpoint, model, _ = load_system(checkpoint_for(checkpoints_folder(), system), system, chip.numerics)
    seconds = [seconds_of(entry) for entry in entries]

    def decode(batch: int) -> None:
        for _ in decode_speech(model, checkpoint.recipe, entries, seconds, batch=batch):
            pass

    return {f"{system}, one by one": partial(decode, 1), f"{system}_batch_{BATCH}": partial(decode, BATCH)}


def timings(utterances: int = UTTERANCES, rounds: int = ROUNDS) -> list[Timing]:
    """Timings of each system's two ways of decoding, on one thread."""
    entries, chip = read_manifest(speech_manifest())[:utterances], load_preset("edge256")
    return [timing for system in get_args(System) for timing in interleave(contenders(system, entries, chip), rounds)]


def figures(measurements: list[Timing] | None = None) -> dict[str, dict[str, float | str]]:
    """{NAME: {value, unit, compared_with, ratio}}; a ratio says how many times the compared cost is ours."""
    return {f"decode_{t.name}": t.figure() for t in (timings() if measurements is None else measurements)}
