"""Decode a manifest with one system: hypotheses, word errors, and the trace of what decoding really did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from aat_training.checkpoint import Checkpoint
from aat_training.checkpoint_files import checkpoint_for
from aat_training.data.check import seconds_of
from aat_training.data.features import FeatureConfig
from aat_training.data.manifest import Entry, read_manifest
from aat_training.data.text import normalised
from aat_training.decode.corpus import BATCH
from aat_training.decode.greedy import Decoded
from aat_training.decode.speech import decode_speech, stacked_frames
from aat_training.devices import numpy_of, on
from aat_training.export import constants_of
from aat_training.model.rnnt import Rnnt
from aat_training.placement import arithmetic_under
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.systems import load_system
from nnasim.compiler.policies import Policy, placed
from nnasim.errors import CheckpointError, NumericsError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import Progress, silent
from workloads.rnnt.builder import build_graphs
from workloads.rnnt.hypotheses import with_hypotheses

T = TypeVar("T")
Hypothesis = tuple[str, str, str]
"""Id, reference and hypothesis of an utterance."""


@dataclass(frozen=True)
class SystemRun:
    """The result of decoding a corpus with one system.

    ``constants``: the integers of the model, empty if it does not run on the chip alone.
    """

    system: System
    hypotheses: list[Hypothesis]
    trace: OpTrace
    constants: dict[str, np.ndarray]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(reference, hypothesis) of each utterance, for scoring."""
        return [(reference, hypothesis) for _, reference, hypothesis in self.hypotheses]


def normalised_features(model: Rnnt, checkpoint: Checkpoint, entry: Entry) -> np.ndarray:
    """Stacked, normalised features of one utterance, float32 (T, F): what the host hands to the chip to quantise."""
    frames = stacked_frames(entry, checkpoint.recipe)
    normalised: np.ndarray = numpy_of((on(frames, model.device) - model.feature_mean) * model.feature_scale)
    return normalised


def arrivals_of(count: int, features: FeatureConfig, stack: int) -> tuple[float, ...]:
    """Seconds at which each stacked frame's last sample exists."""
    return tuple(round(features.frame_ready_s((number + 1) * stack - 1), 9) for number in range(count))


def _utterance(entry: Entry, decoded: Decoded, checkpoint: Checkpoint, seconds: float) -> Utterance:
    recipe = checkpoint.recipe
    arrivals = arrivals_of(decoded.call_frames[-1] + 1, recipe.features, recipe.model.stack)
    return Utterance.model_construct(
        id=entry.id,
        audio_seconds=max(seconds, arrivals[-1]),
        arrivals=arrivals,
        call_graphs=tuple(decoded.call_graphs),
        call_frames=tuple(decoded.call_frames),
        emissions=tuple(decoded.emissions),
        speech_end=entry.speech_end,
    )


def hypotheses_of(
    model: Rnnt,
    checkpoint: Checkpoint,
    entries: list[Entry],
    system: System,
    progress: Progress = silent,
    beam: int = 1,
    batch: int = BATCH,
) -> list[Hypothesis]:
    """(id, reference, hypothesis) of ``entries``, decoded ``batch`` at a time: the words of decoding one by one."""

    def keep(entry: Entry, decoded: Decoded, seconds: float) -> Hypothesis:
        return _hypothesis(entry, decoded, checkpoint)

    return _decodings(model, checkpoint, entries, system, progress, beam, batch, keep)


def _decodings(
    model: Rnnt,
    checkpoint: Checkpoint,
    entries: list[Entry],
    system: System,
    progress: Progress,
    beam: int,
    batch: int,
    keep: Callable[[Entry, Decoded, float], T],
) -> list[T]:
    """The results of ``keep`` for each entry, its decoding and its seconds, in the order of ``entries``."""
    seconds = [seconds_of(entry) for entry in entries]  # every file is looked at before the long work
    kept: dict[int, T] = {}
    with _numbers_of(checkpoint):
        for index, decoded in decode_speech(model, checkpoint.recipe, entries, seconds, beam=beam, batch=batch):
            kept[index] = keep(entries[index], decoded, seconds[index])
            progress(system, len(kept), len(entries))
    return [kept[index] for index in range(len(entries))]


@contextmanager
def _numbers_of(checkpoint: Checkpoint) -> Iterator[None]:
    """A context in which numbers that no chip can compute with are told with the file that they come from."""
    try:
        yield
    except NumericsError as error:
        field = f"{error.source}: {error.field}"
        raise CheckpointError(checkpoint.path, field, error.value, error.allowed) from None


def _hypothesis(entry: Entry, decoded: Decoded, checkpoint: Checkpoint) -> Hypothesis:
    text = checkpoint.recipe.text
    return entry.id, normalised(entry.text, text), normalised(checkpoint.tokens.decode(decoded.tokens), text)


def run_model(
    model: Rnnt,
    checkpoint: Checkpoint,
    entries: list[Entry],
    system: System,
    numerics: NumericsConfig,
    progress: Progress = silent,
    beam: int = 1,
) -> SystemRun:
    """Hypotheses and calls of ``entries``, decoded in batches: what decoding one by one makes of them.

    With a ``beam`` above 1 the CPU normalises and ranks every joint step's logits: the trace's argmax stands for that,
    and the copies of states that its hypotheses need are graphs of their own.
    """

    def keep(entry: Entry, decoded: Decoded, seconds: float) -> tuple[Hypothesis, Utterance]:
        return _hypothesis(entry, decoded, checkpoint), _utterance(entry, decoded, checkpoint, seconds)

    decodings = _decodings(model, checkpoint, entries, system, progress, beam, BATCH, keep)
    hypotheses = [hypothesis for hypothesis, _ in decodings]
    utterances = tuple(utterance for _, utterance in decodings)
    tensors, graphs = build_graphs(model.shape, numerics, system)
    if beam > 1:
        tensors, graphs = with_hypotheses(tensors, graphs)
    trace = OpTrace(
        system=system,
        placement=placement_of(system) if beam == 1 else {**placement_of(system), "argmax": "cpu"},
        numerics=numerics,
        tensors=tensors,
        graphs=graphs,
        utterances=utterances,
        source={"recipe": checkpoint.recipe.name, "utterances": len(entries)},
    )
    on_chip_alone = type(model.arithmetic) is ChipArithmetic
    return SystemRun(system, hypotheses, trace, constants_of(model) if on_chip_alone else {})


def run_system(
    checkpoints: str | Path,
    system: System,
    manifest: str | Path,
    chip: NnaConfig,
    limit: int | None = None,
    progress: Progress = silent,
    policy: Policy | None = None,
) -> SystemRun:
    """Hypotheses and calls of ``manifest``, decoded with ``system`` on a chip's numerics.

    ``policy``: where operations run instead; each is then computed there, and the trace is placed likewise.
    Raises FileError, ManifestError, CheckpointError, NumericsError or PlacementError.
    """
    checkpoint, model, scheme = load_system(checkpoint_for(checkpoints, system), system, chip.numerics)
    if policy is not None and scheme is not None:
        model.arithmetic = arithmetic_under(policy, model.shape, scheme, system, chip)
    run = run_model(model, checkpoint, read_manifest(manifest, limit), system, chip.numerics, progress)
    return run if policy is None else replace(run, trace=placed(run.trace, policy))
