"""The delay study's models: faults are reported before hours of training, then missing models are trained."""

from __future__ import annotations

from aat_training.data.check import check_files
from aat_training.data.manifest import read_manifest
from aat_training.resume import refuse_other_finished
from aat_training.run_folder import is_finished
from nnasim.errors import ConfigError
from nnasim.progress import Progress, silent
from nnasim.studies.delays.plan import DelayStudy, Model
from nnasim.studies.training.finished import refuse_other_base_steps
from nnasim.studies.training.models import documented
from nnasim.studies.training.runs import Run, train_runs


def check(study: DelayStudy) -> None:
    """Refuse what a run would refuse, and finished arms that were trained otherwise.

    A base may come from elsewhere, trained longer or in stages, where its steps are not asked for.

    Raises ConfigError, ManifestError, CheckpointError or FileError.
    """
    numerics = study.chip.numerics
    if not numerics.has_unit:
        raise ConfigError(
            "chip", "numerics.activation", numerics.activation, "must have operators to train with: this chip has none"
        )
    for manifest in (*study.train, study.dev):
        check_files(read_manifest(manifest))
    refuse_other_base_steps(study.base_steps, [study.folder / base.name for base in study.bases()])
    for model in study.arms():
        if is_finished(study.folder / model.name):
            refuse_other_finished(study.run_spec(model), study.folder / model.name)


def train_missing(study: DelayStudy, jobs: int, progress: Progress = silent) -> None:
    """Train the bases, then all models that start from them. Raises SimulationError if a base fails."""
    train_runs("base models", [_run(study, model) for model in study.bases()], jobs, progress)
    train_runs("models with a penalty", [_run(study, model) for model in study.arms()], jobs, progress)


def _run(study: DelayStudy, model: Model) -> Run:
    spec = documented(study.run_spec(model), study.preset, study.changes)
    return Run(model.name, study.folder / model.name, spec, is_base=model.arm == "base")
