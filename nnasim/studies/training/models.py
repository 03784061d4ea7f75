"""The training of the study's models: the bases first, then all that start from them."""

from __future__ import annotations

from dataclasses import replace

from aat_training.run_spec import RunSpec
from nnasim.progress import Progress, silent
from nnasim.studies.provenance import commit
from nnasim.studies.training.commands import checkpoint_command
from nnasim.studies.training.plan import Model, NumericsStudy, changes_of
from nnasim.studies.training.runs import Run, train_runs

NO_CHIPS_PRESET = "edge256"  # what `nnasim train` writes down of a float run, which no chip changes


def train_missing(study: NumericsStudy, jobs: int, progress: Progress = silent) -> None:
    """Train what ``study`` lacks. Raises SimulationError if a base fails."""
    for what, models in (("base models", study.bases()), ("models of the arms", study.arms())):
        runs = [
            Run(model.name, study.folder / model.name, documented_spec(study, model), is_base=model.arm == "base")
            for model in models
        ]
        train_runs(what, runs, jobs, progress)


def documented_spec(study: NumericsStudy, model: Model) -> RunSpec:
    """The run that makes ``model``, with the origin that its checkpoint records."""
    return documented(study.run_spec(model), study.preset, changes_of(model.chip))


def documented(spec: RunSpec, preset: str, changes: tuple[str, ...]) -> RunSpec:
    """``spec``, whose numerics are those of ``preset`` with ``changes``, with the origin that its checkpoint
    records.
    """
    command = checkpoint_command(spec, preset, changes)
    named = NO_CHIPS_PRESET if spec.numerics is None else preset
    return replace(spec, info={"command": command, "commit": commit(), "preset": named})
