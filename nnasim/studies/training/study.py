"""The training study as one call: missing models are trained, everything is scored, and the findings are a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnasim.progress import Progress, silent
from nnasim.studies.training.check import check
from nnasim.studies.training.findings import judged_trials
from nnasim.studies.training.models import train_missing
from nnasim.studies.training.plan import NumericsStudy
from nnasim.studies.training.record import study_record
from nnasim.studies.training.scoring import Scores, score_all


@dataclass(frozen=True)
class TrainingOutcome:
    """The findings of a training study. ``record``: ``study.json``. ``scores``: how many scores it rests on."""

    record: dict[str, Any]
    scores: int


def training_study(
    study: NumericsStudy, *, jobs: int = 1, train: bool = True, command: str = "", progress: Progress = silent
) -> TrainingOutcome:
    """The findings of ``study``, after missing models are trained and every model is scored.

    ``jobs``: training runs at a time, one core each; they do not change the findings. ``train``: train missing models,
    else report only on existing ones. ``command``: the command that the report gives to repeat the study.
    Raises NnasimError for wrong input, and if a base model cannot be trained.
    """
    check(study)
    if train:
        train_missing(study, jobs, progress)
    choosing: Scores = {}
    trials = list(study.trials())
    if study.choose is not None:
        choosing = score_all(study, study.choosing_trials(), study.choose, jobs, progress)
        trials = judged_trials(study, choosing)
    scores = score_all(study, trials, study.dev, jobs, progress)
    return TrainingOutcome(study_record(study, scores, choosing, command), len(scores))
