"""Accuracy and cost of several systems on the same speech and chip: decode, simulate, score, gather."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim import files
from nnasim.analysis.pooled import audio_seconds
from nnasim.compiler.policies import Policy
from nnasim.errors import CheckpointError, PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System, Utterance
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.studies.explaining.in_brief import Compared
from nnasim.studies.latency.costs import PAIR
from nnasim.studies.paper_sized import paper_sized_gain
from nnasim.studies.provenance import commit, documented, shown_path, versions
from reports.gain import latency_gain
from reports.hypotheses import Hypothesis
from reports.result_set import ResultSet
from reports.summarise import figures
from reports.summary import Corpus, PaperSizedGain, Summary

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun
    from aat_training.score import Score

MOVED = ("naive", "aat")  # what a placement applies to: the others stay as references


@dataclass(frozen=True)
class Inputs:
    """All that determines a comparison."""

    manifest: Path
    checkpoints: Path
    preset: str
    chip: NnaConfig
    limit: int | None = None
    command: str | None = None
    placement: Policy | None = None


def compared(inputs: Inputs, systems: Sequence[System], progress: Progress = silent) -> ResultSet:
    """Every system's result, word errors and hypotheses; ``progress`` is told of the utterances of each system.

    Raises every error that reading, decoding and simulating raise.
    """
    from aat_training.evaluate import run_system
    from aat_training.score import score

    results: dict[str, SimResult] = {}
    scores: dict[str, Score] = {}
    hypotheses: list[Hypothesis] = []
    traces: dict[str, OpTrace] = {}
    explained = Compared()
    for system in systems:
        moved = inputs.placement if system in MOVED else None
        run = run_system(inputs.checkpoints, system, inputs.manifest, inputs.chip, inputs.limit, progress, moved)
        result = explained.with_what_ifs(simulate(run.trace, inputs.chip), run.trace, inputs.chip)
        results[system] = documented(result, inputs.preset, inputs.chip, inputs.command)
        scores[system] = score(run.pairs)
        hypotheses += _hypotheses(run)
        traces[system] = run.trace
    decoded = {system: trace.utterances for system, trace in traces.items()}
    summary = _summary(inputs, results, scores, _paper_sized(decoded, inputs.chip))
    return ResultSet(results, summary, hypotheses, traces=traces)


def _paper_sized(decoded: Mapping[str, Sequence[Utterance]], chip: NnaConfig) -> PaperSizedGain | None:
    """The gain of a recogniser of the paper's size; None without both systems, or if it does not fit the chip."""
    if not set(PAIR) <= set(decoded):
        return None
    try:
        return paper_sized_gain(decoded["aat"], chip)
    except PlacementError:
        return None


def _hypotheses(run: SystemRun) -> list[Hypothesis]:
    return [Hypothesis(id, run.system, reference, hypothesis) for id, reference, hypothesis in run.hypotheses]


def _summary(
    inputs: Inputs, results: Mapping[str, SimResult], scores: Mapping[str, Score], paper_sized: PaperSizedGain | None
) -> Summary:
    from aat_training.score import SEED, wer_interval

    systems = {
        name: figures(result, wer=scores[name].wer, wer_ci=wer_interval(scores[name]), errors=scores[name].errors)
        for name, result in results.items()
    }
    first = next(iter(results))
    return Summary(
        command=inputs.command,
        preset=inputs.chip.name,
        hardware_hash=results[first].hardware_hash,
        numerics_hash=inputs.chip.numerics.digest(),
        versions=versions(("torch", "torchaudio")),
        commit=commit(),
        seeds={"bootstrap": SEED},
        inputs=_digests(inputs),
        corpus=Corpus(
            manifest=shown_path(inputs.manifest),
            utterances=scores[first].utterances,
            words=scores[first].words,
            audio_seconds=audio_seconds(results[first]),
            text_normalisation=normalisation(inputs, results),
        ),
        systems=systems,
        placement=inputs.placement.description if inputs.placement else None,
        gain=latency_gain(results).model_copy(update={**words_gain(scores), "paper_sized": paper_sized}),
    )


def normalisation(inputs: Inputs, systems: Iterable[str]) -> str:
    """The one text normalisation of the systems' checkpoints. Raises CheckpointError if they have several."""
    from aat_training.checkpoint import read_checkpoint
    from aat_training.checkpoint_files import checkpoint_for

    first, *others = (
        read_checkpoint(path) for path in {checkpoint_for(inputs.checkpoints, system): None for system in systems}
    )
    for other in others:
        if other.recipe.text != first.recipe.text:
            why = f"is not that of {first.path}, {first.recipe.text}: word errors cannot be compared"
            raise CheckpointError(other.path, "recipe.text", other.recipe.text, why)
    return first.recipe.text


def speech_lines(inputs: Inputs, systems: Sequence[System]) -> list[str]:
    """Notes about the speech, to read before its word errors. Raises every error that reading the speech raises."""
    from aat_training.checkpoint import read_checkpoint
    from aat_training.checkpoint_files import checkpoint_for
    from aat_training.data.check import check_files
    from aat_training.data.manifest import read_manifest
    from aat_training.data.notes import speech_notes

    normalisation(inputs, systems)
    entries = read_manifest(inputs.manifest, inputs.limit)
    check_files(entries)
    first, *others = (
        read_checkpoint(path) for path in {checkpoint_for(inputs.checkpoints, system): None for system in systems}
    )
    return [*speech_notes(entries, first), *(other.binding_note for other in others if other.binding_note)]


def words_gain(scores: Mapping[str, Score]) -> dict[str, object]:
    """The fields of ``Gain`` that word errors give, as far as the systems are there."""
    from aat_training.score import probability_better, recovery

    fields: dict[str, object] = {}
    if "aat" in scores and "naive" in scores:
        fields["aat_better_than_naive"] = probability_better(scores["aat"], scores["naive"])
        if "float" in scores:
            back = recovery(scores["float"], scores["naive"], scores["aat"])
            fields |= {"wer_lost_errors": back.lost, "wer_recovered_errors": back.won}
            if back.share is not None and back.interval is not None:
                low, high = back.interval
                fields |= {"wer_recovered_pct": 100 * back.share, "wer_recovered_pct_ci": (100 * low, 100 * high)}
    return fields


def _digests(inputs: Inputs) -> dict[str, str]:
    """SHA-256 of the manifest and of each checkpoint that is in the folder."""
    named = {"manifest": inputs.manifest}
    for folder in ("float", "aat"):
        for name in ("model.safetensors", "model.json"):
            named[f"{folder}/{name}"] = inputs.checkpoints / folder / name
    return {name: files.digest(path) for name, path in named.items() if path.is_file()}
