"""Decode a manifest with one system: hypotheses, word errors, and the trace of what decoding really did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from aat_training.checkpoint import Checkpoint
from aat_training.checkpoint_files import checkpoint_for
from aat_training.data.batches import stacked
from aat_training.data.check import check_files, seconds_of
from aat_training.data.features import FeatureConfig, features_of
from aat_training.data.manifest import Entry, read_manifest
from aat_training.data.text import normalised
from aat_training.decode.beam import BeamDecoder
from aat_training.decode.greedy import Decoded, GreedyDecoder
from aat_training.devices import numpy_of, on
from aat_training.export import constants_of
from aat_training.model.rnnt import Rnnt
from aat_training.placement import arithmetic_under
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.systems import load_system
from nnasim.compiler.policies import Policy, placed
from nnasim.errors import ManifestError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import Progress, silent
from workloads.rnnt.builder import build_graphs
from workloads.rnnt.hypotheses import with_hypotheses


@dataclass(frozen=True)
class SystemRun:
    """The result of decoding a corpus with one system. ``hypotheses``: (id, reference, hypothesis).

    ``constants``: the integers of the model, empty if it does not run on the chip alone.
    """

    system: System
    hypotheses: list[tuple[str, str, str]]
    trace: OpTrace
    constants: dict[str, np.ndarray]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(reference, hypothesis) of each utterance, for scoring."""
        return [(reference, hypothesis) for _, reference, hypothesis in self.hypotheses]


def decode_entry(
    model: Rnnt, checkpoint: Checkpoint, entry: Entry, *, keep_logits: bool = False, beam: int = 1
) -> Decoded:
    """The decoding of one utterance from its features: greedy, or with a beam of that width.

    Raises ManifestError if there is less than one frame.
    """
    recipe = checkpoint.recipe
    frames = stacked(torch.from_numpy(features_of(entry, recipe.features)), recipe.model.stack)
    if not len(frames):
        raise ManifestError(entry.where, entry.field, entry.path, "is shorter than one stacked frame")
    decoder: GreedyDecoder | BeamDecoder = (
        GreedyDecoder(model, recipe.model.max_symbols, keep_logits=keep_logits)
        if beam == 1
        else BeamDecoder(model, recipe.model.max_symbols, beam)
    )
    decoder.feed(frames)
    return decoder.decoded


def normalised_features(model: Rnnt, checkpoint: Checkpoint, entry: Entry) -> np.ndarray:
    """Stacked, normalised features of one utterance, float32 (T, F): what the host hands to the chip to quantise."""
    recipe = checkpoint.recipe
    frames = stacked(torch.from_numpy(features_of(entry, recipe.features)), recipe.model.stack)
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


def run_model(
    model: Rnnt,
    checkpoint: Checkpoint,
    entries: list[Entry],
    system: System,
    numerics: NumericsConfig,
    progress: Progress = silent,
    beam: int = 1,
) -> SystemRun:
    """Hypotheses and calls of ``entries``, decoded one by one.

    With a ``beam`` above 1 the CPU normalises and ranks every joint step's logits: the trace's argmax stands for that,
    and the copies of states that its hypotheses need are graphs of their own.
    """
    check_files(entries)
    hypotheses, utterances = [], []
    for number, entry in enumerate(entries, start=1):
        decoded = decode_entry(model, checkpoint, entry, beam=beam)
        reference = normalised(entry.text, checkpoint.recipe.text)
        hypotheses.append(
            (entry.id, reference, normalised(checkpoint.tokens.decode(decoded.tokens), checkpoint.recipe.text))
        )
        utterances.append(_utterance(entry, decoded, checkpoint, seconds_of(entry)))
        progress(system, number, len(entries))
    tensors, graphs = build_graphs(model.shape, numerics, system)
    if beam > 1:
        tensors, graphs = with_hypotheses(tensors, graphs)
    trace = OpTrace(
        system=system,
        placement=placement_of(system) if beam == 1 else {**placement_of(system), "argmax": "cpu"},
        numerics=numerics,
        tensors=tensors,
        graphs=graphs,
        utterances=tuple(utterances),
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
    run = run_model(model, checkpoint, read_manifest(manifest)[:limit], system, chip.numerics, progress)
    return run if policy is None else replace(run, trace=placed(run.trace, policy))
