"""The delay study as one call: missing models are trained, every model decodes on the chip, and the record is
returned.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from aat_training.data.manifest import read_manifest
from aat_training.run_folder import is_finished
from nnasim.errors import ConfigError
from nnasim.progress import Progress, silent
from nnasim.studies.delays.measure import Measured, measured
from nnasim.studies.delays.models import check, train_missing
from nnasim.studies.delays.plan import DelayStudy, Model
from nnasim.studies.delays.record import study_record
from nnasim.studies.latency.delays import word_times
from nnasim.studies.parallel import computed


def delay_study(
    study: DelayStudy, *, jobs: int = 1, train: bool = True, command: str = "", progress: Progress = silent
) -> dict[str, Any]:
    """The record of the study, as in ``study.json``, after training and decoding dev with every model on the chip.

    ``jobs``: processes at a time; they do not change the record. ``train``: train missing models, else report only on
    existing ones. ``command``: the command that the report gives to repeat the study. Raises NnasimError for wrong
    input, and if a base model cannot be trained.
    """
    check(study)
    if train:
        train_missing(study, jobs, progress)
    models = [model for model in study.arms() if is_finished(study.folder / model.name)]
    if not models:
        raise ConfigError("models", "folder", study.folder, "holds no model of this study yet")
    times = word_times(study.dev, study.base_of(models[0].seed), study.chip, len(read_manifest(study.dev)))
    parts = {model: partial(measured, study, model, times) for model in models}
    return study_record(study, _by_arm(computed(parts, jobs, "decodes", progress)), times.source, command)


def _by_arm(measurements: dict[Model, dict[str, Measured]]) -> dict[tuple[float, str], dict[int, Measured]]:
    arms: dict[tuple[float, str], dict[int, Measured]] = {}
    for model, systems in measurements.items():
        for system, measurement in systems.items():
            arms.setdefault((model.penalty, system), {})[model.seed] = measurement
    return arms
