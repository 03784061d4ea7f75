"""``study.json``: everything that a training study found, and what made it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import ConfigError
from nnasim.studies.provenance import commit, versions
from nnasim.studies.training.commands import line, train_command
from nnasim.studies.training.findings import calibrations, findings, record
from nnasim.studies.training.finished import made, read_log
from nnasim.studies.training.plan import Model, NumericsStudy, changes_of
from nnasim.studies.training.scoring import Scores


def study_record(study: NumericsStudy, scores: Scores, choosing: Scores, command: str) -> dict[str, Any]:
    """The study as JSON. ``choosing``: scores that chose calibrations; ``command``: the command that repeats the study.

    Raises ConfigError if there is no score, FileError for a folder that has changed since it was scored.
    """
    planned = [*study.bases(), *study.arms()]
    models = [model for model in planned if study.finished(model)]
    if not scores:
        raise ConfigError("models", "folder", study.folder, "holds no model of this study yet")
    first = next(iter(scores.values()))
    return {
        "kind": "nnasim.numerics_study",
        "schema_version": 1,
        "command": command,
        "commit": commit(),
        "versions": versions(("torch", "torchaudio", "kaldialign")),
        "recipe": study.recipe,
        "preset": study.preset,
        "seeds": study.seeds,
        "dev": str(study.dev),
        "choose": None if study.choose is None else str(study.choose),
        "utterances": first.utterances,
        "words": first.words,
        "base_steps": steps_trained(study.folder / study.bases()[0].name),
        "steps": study.steps_of(study.arms()[0]),
        "rows": record(findings(study, scores)),
        "calibrations": [list(row) for row in calibrations(study, choosing or scores)],
        "models": [_model(study, model) for model in models],
        "missing": [model.name for model in planned if model not in models and study.failure(model) is None],
        "failed": {model.name: why for model in planned if (why := study.failure(model)) is not None},
    }


def _model(study: NumericsStudy, model: Model) -> dict[str, Any]:
    command = train_command(study.run_spec(model), study.preset, changes_of(model.chip), str(study.folder / model.name))
    return trained(study.folder, model.name, line(command))


def steps_trained(model: Path) -> int:
    """Optimiser steps of the run that made the finished ``model``, which may come from a user's own folder."""
    return made(model).run.steps


def trained(models: Path, name: str, command: str) -> dict[str, Any]:
    """One training run: its command, its cost, and the digest of its numbers.

    ``command`` makes a run of the study; a model from a user's own folder is made by the command that it records.
    Raises FileError or InputError for a model that does not say what made it, and for a log that is not of its run.
    """
    folder = models / name
    origin = made(folder)
    if name.endswith("/base") and origin.command is not None:
        command = origin.command.replace(" OUT", f" {shlex.quote(str(folder))}")
    return {
        "name": name,
        "steps": origin.run.steps,
        "cpu_seconds": read_log(folder / "log.csv", origin.run)[-1].cpu_seconds,
        "sha256": files.digest(folder / "model.safetensors"),
        "command": command,
    }
