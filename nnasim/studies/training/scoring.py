"""The study's scores: each model decodes the dev speech in every way that is asked of it; kept beside the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

from joblib import Parallel, delayed
from pydantic import ConfigDict, Field

from aat_training.checkpoint import digest_of_file
from aat_training.data.examples import load_examples
from aat_training.data.manifest import read_manifest
from aat_training.data.text import normalised
from aat_training.decode.corpus import decode_corpus
from aat_training.recipes import load_recipe
from aat_training.resume import audio_digest
from aat_training.score import Score, score
from aat_training.systems import load_system
from nnasim import files
from nnasim.errors import InputError
from nnasim.progress import Progress, silent
from nnasim.records import Frozen, Integer, Items, validated
from nnasim.studies.training.commands import score_command
from nnasim.studies.training.plan import NO_CHIP, NumericsStudy, Trial

Scores = dict[Trial, Score]
Count = Annotated[Integer, Field(ge=0, le=10**9)]


def score_all(
    study: NumericsStudy, trials: Iterable[Trial], manifest: Path, jobs: int, progress: Progress = silent
) -> Scores:  # fmt: skip
    """The score on ``manifest`` of each of ``trials`` whose model is finished; scores taken before are read back."""
    ready = [trial for trial in trials if study.finished(trial.model)]
    by_trial: Scores = {}
    by_model = [list(group) for _, group in groupby(ready, key=lambda trial: trial.model)]
    parts = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_of_model)(study, trials, manifest) for trials in by_model
    )
    for done, (trials, scores) in enumerate(zip(by_model, parts, strict=True), start=1):
        by_trial |= dict(zip(trials, scores, strict=True))
        progress("scores", done, len(by_model))
    return by_trial


def _of_model(study: NumericsStudy, trials: Sequence[Trial], manifest: Path) -> list[Score]:
    """The scores of one model; its speech is read once, and only if something is missing."""
    made_from = {trial: _made_from(study, trial, manifest) for trial in trials}
    places = {trial: _place(study, trial, manifest) for trial in trials}
    scores = {trial: kept_score(places[trial], made_from[trial]) for trial in trials}
    words = reference_words(study, manifest)
    for trial, kept in scores.items():
        if kept is not None and kept.words_per_utterance != words:
            why = f"must be the {sum(words)} words of {len(words)} utterances; remove this file to count them again"
            raise InputError(places[trial], "words", kept.words, why)
    missing = [trial for trial in trials if scores[trial] is None]
    for trial, fresh in zip(missing, _decode(study, missing, manifest), strict=True):
        record = {
            "made_from": made_from[trial],
            "command": ["nnasim", *score_command(study, trial, manifest)],
            "errors": fresh.errors_per_utterance,
            "words": fresh.words_per_utterance,
        }
        files.write_json(places[trial], record, force=True)
        scores[trial] = fresh
    return [trial_score for trial_score in scores.values() if trial_score is not None]


def _decode(study: NumericsStudy, trials: Sequence[Trial], manifest: Path) -> list[Score]:
    if not trials:
        return []
    entries = read_manifest(manifest)
    scores, examples = [], None
    for trial in trials:
        folder = study.folder / trial.model.name
        checkpoint, model, _ = load_system(folder, trial.system, study.numerics(trial.chip), trial.calibration)
        examples = examples or load_examples(entries, checkpoint.recipe, checkpoint.tokens)
        scores.append(score(decode_corpus(model, examples, checkpoint.recipe, checkpoint.tokens)))
    return scores


def _made_from(study: NumericsStudy, trial: Trial, manifest: Path) -> list[str]:
    """The things that a score depends on: the model's numbers, the speech, and what decodes it."""
    model = study.folder / trial.model.name / "model.safetensors"
    chip = None if trial.chip == NO_CHIP else study.numerics(trial.chip).model_dump(mode="json")
    decoded = files.json_text([trial.system, trial.calibration, chip]).encode()
    return [*(files.digest(path) for path in (model, manifest)), audio_digest(manifest), digest_of_file(decoded)]


def reference_words(study: NumericsStudy, manifest: Path) -> tuple[int, ...]:
    """The number of words that each utterance of ``manifest`` is scored by."""
    text = load_recipe(study.recipe).text
    return tuple(len(normalised(entry.text, text).split()) for entry in read_manifest(manifest))


def _place(study: NumericsStudy, trial: Trial, manifest: Path) -> Path:
    """The file of a score; scores on the comparing and on the choosing speech are kept apart."""
    folder = "choosing" if manifest == study.choose else "scores"
    return study.folder / trial.model.name / folder / f"{trial.name}.json"


class KeptScore(Frozen):
    """The part of a score's file that is read back."""

    model_config = ConfigDict(extra="ignore")

    made_from: Items[str]
    errors: Items[Count]
    words: Items[Count]


def kept_score(path: Path, made_from: Sequence[str]) -> Score | None:
    """The score at ``path``; None if there is none, or one of another model or other speech.

    Raises FileError, or InputError with the field for a file that holds no score.
    """
    if not path.exists():
        return None
    kept = validated(KeptScore, files.read_json(path), path, InputError)
    if kept.made_from != tuple(made_from):
        return None
    if len(kept.errors) != len(kept.words):
        counts = f"must be as many as words, {len(kept.words)}, one for each utterance"
        raise InputError(path, "errors", len(kept.errors), counts)
    return Score(kept.errors, kept.words)


def pooled(scores: Sequence[Score]) -> Score:
    """Several seeds on the same speech as one score, per utterance. Raises ValueError for other utterances."""
    if len({seed_score.words_per_utterance for seed_score in scores}) != 1:
        raise ValueError("the seeds were not scored on the same utterances")
    errors = zip(*(seed_score.errors_per_utterance for seed_score in scores), strict=True)
    words = scores[0].words_per_utterance
    return Score(tuple(map(sum, errors)), tuple(len(scores) * count for count in words))
