"""The training study's models, made: each is one training run, several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aat_training.run_spec import RunSpec
from aat_training.train import prepare_folder, train
from nnasim import files
from nnasim.errors import NnasimError, SimulationError
from nnasim.progress import Progress, silent
from nnasim.studies.provenance import commit
from nnasim.studies.training.commands import checkpoint_command
from nnasim.studies.training.plan import Model, NumericsStudy

NO_CHIPS_PRESET = "edge256"  # what `nnasim train` writes down of a float run, which no chip changes


def train_missing(study: NumericsStudy, jobs: int, progress: Progress = silent) -> None:
    """The bases, then all that starts from them; finished models stay, a stopped study goes on where it was.

    An arm whose training fails is a finding: its message is kept, and the study goes on. It is not tried again while
    that file stands: the same run ends the same. Raises SimulationError where a base fails.
    """
    for what, models in (("base models", study.bases()), ("models of the arms", study.arms())):
        missing = [model for model in models if not study.finished(model) and study.failure(model) is None]
        _train(study, missing, jobs, what, progress)


def _train(study: NumericsStudy, models: Sequence[Model], jobs: int, what: str, progress: Progress) -> None:
    from joblib import Parallel, delayed

    # Processes, not threads: each run has one core and one order of its sums.
    runs = (delayed(run)(documented_spec(study, model), study.folder / model.name) for model in models)
    progress(what, 0, len(models))
    ended = Parallel(n_jobs=jobs, batch_size=1, return_as="generator")(runs)
    for done, (model, complaint) in enumerate(zip(models, ended, strict=True), start=1):
        if complaint and model.arm == "base":
            raise SimulationError(f"{model.name}: {complaint}")
        if complaint:
            files.write_json(study.failure_file(model), {"message": complaint}, force=True)
        progress(what, done, len(models))


def documented_spec(study: NumericsStudy, model: Model) -> RunSpec:
    """The run that makes ``model``, with what its checkpoint shall say of its origin."""
    spec = study.run_spec(model)
    shown = checkpoint_command(spec, study.preset, model.chip)
    preset = NO_CHIPS_PRESET if spec.numerics is None else study.preset
    return replace(spec, info={"command": shown, "commit": commit(), "preset": preset})


def run(spec: RunSpec, folder: Path) -> str:
    """Do ``spec`` in ``folder``, or go on with it where it was stopped; returns the complaint, empty for none."""
    try:
        prepare_folder(folder, resume=True, force=False)
        train(spec, folder, resume=True)
    except NnasimError as error:
        return str(error)
    return ""
