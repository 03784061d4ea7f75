"""The study's scores: each model decodes the dev speech in every way that is asked of it; kept beside the model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import groupby

from joblib import Parallel, delayed

from aat_training.data.examples import load_examples
from aat_training.data.manifest import read_manifest
from aat_training.decode.corpus import decode_corpus
from aat_training.numerics_study.plan import CHIPS, NO_CHIP, NumericsStudy, Trial
from aat_training.score import Score, score
from aat_training.systems import load_system
from nnasim import files
from nnasim.hardware import load_preset
from nnasim.numerics.config import NumericsConfig

Scores = dict[Trial, Score]


def score_all(study: NumericsStudy, jobs: int, progress: Callable[[str, int, int], None]) -> Scores:
    """Every score whose model stands; those that were taken before are read back."""
    ready = [trial for trial in study.trials() if study.finished(trial.model)]
    found: Scores = {}
    by_model = [list(group) for _, group in groupby(ready, key=lambda trial: trial.model)]
    parts = Parallel(n_jobs=jobs, return_as="generator")(delayed(_of_model)(study, trials) for trials in by_model)
    for done, (trials, scores) in enumerate(zip(by_model, parts, strict=True), start=1):
        found |= dict(zip(trials, scores, strict=True))
        progress("scores", done, len(by_model))
    return found


def _of_model(study: NumericsStudy, trials: Sequence[Trial]) -> list[Score]:
    """The scores of one model; its speech is read once, and only if something is missing."""
    made_from = _made_from(study, trials[0])
    kept = {trial: _kept(study, trial, made_from) for trial in trials}
    missing = [trial for trial in trials if kept[trial] is None]
    for trial, fresh in zip(missing, _decode(study, missing), strict=True):
        record = {
            "made_from": made_from,
            "command": ["nnasim", *study.score_command(trial)],
            "errors": fresh.errors_per_utterance,
            "words": fresh.words_per_utterance,
        }
        files.write_json(study.folder / trial.model.name / "scores" / f"{trial.name}.json", record, force=True)
        kept[trial] = fresh
    return [one for one in kept.values() if one is not None]


def _decode(study: NumericsStudy, trials: Sequence[Trial]) -> list[Score]:
    if not trials:
        return []
    entries = read_manifest(study.dev)
    scores, examples = [], None
    for trial in trials:
        folder = study.folder / trial.model.name
        checkpoint, model, _ = load_system(folder, trial.system, numerics_of(study, trial.chip), trial.calibration)
        examples = examples or load_examples(entries, checkpoint.recipe, checkpoint.tokens)
        scores.append(score(decode_corpus(model, examples, checkpoint.recipe, checkpoint.tokens)))
    return scores


def numerics_of(study: NumericsStudy, chip: str) -> NumericsConfig:
    """The arithmetic of a chip of the study. Raises ConfigError for an unknown preset."""
    changes = () if chip == NO_CHIP else CHIPS[chip].changes
    return load_preset(study.preset, list(changes)).numerics


def _made_from(study: NumericsStudy, trial: Trial) -> list[str]:
    """What a score depends on: the model's numbers and the speech."""
    model = study.folder / trial.model.name / "model.safetensors"
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, study.dev)]


def _kept(study: NumericsStudy, trial: Trial, made_from: list[str]) -> Score | None:
    path = study.folder / trial.model.name / "scores" / f"{trial.name}.json"
    if not path.exists():
        return None
    record = files.read_json(path)
    if record.get("made_from") != made_from:
        return None
    return Score(tuple(record["errors"]), tuple(record["words"]))


def pooled(scores: Sequence[Score]) -> Score:
    """Several seeds on the same speech as one: per utterance, the errors of all seeds."""
    if len({one.words_per_utterance for one in scores}) != 1:
        raise ValueError("the seeds were not scored on the same utterances")
    errors = zip(*(one.errors_per_utterance for one in scores), strict=True)
    words = scores[0].words_per_utterance
    return Score(tuple(map(sum, errors)), tuple(len(scores) * count for count in words))
