"""The commands that make a model and take a score again, as the report shows them: derived from what was run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from aat_training.run_spec import RunSpec
from aat_training.train import schedule
from nnasim.studies.training.plan import NO_CHIP, NumericsStudy, Trial, changes_of

# Fields of a schedule that have an option of their name; steps and evaluate_every are always said.
OPTIONAL = (
    "learning_rate", "delay_penalty", "distillation", "batch", "accumulate", "clip", "average", "patience",
    "shuffle_shards",
)  # fmt: skip


def train_command(spec: RunSpec, preset: str, changes: Sequence[str], out: str) -> list[str]:
    """The words after `nnasim` that do ``spec``, whose numerics are of ``preset`` with ``changes``, in ``out``."""
    words = ["train", "--recipe", spec.recipe.name, "--seed", str(spec.run.seed)]
    for manifest in spec.train:
        words += ["--train", str(manifest)]
    words += ["--dev", str(spec.dev), "--out", out]
    words += ["--steps", str(spec.run.steps), "--evaluate-every", str(spec.run.evaluate_every)]
    words += _changed(spec)
    if spec.init is not None:
        words += ["--init", str(spec.init)]
    if spec.arithmetic != "float":
        words += ["--system", spec.arithmetic, *_chip_options(preset, changes)]
    if spec.arithmetic == "aat":
        words += ["--gradient", spec.gradient]
    return words


def checkpoint_command(spec: RunSpec, preset: str, changes: Sequence[str]) -> str:
    """The line that a checkpoint names as its origin; the same words do for a fresh run and one that was stopped."""
    return line([*train_command(spec, preset, changes, "OUT"), "--resume"])


def score_command(study: NumericsStudy, trial: Trial, manifest: Path | None = None) -> list[str]:
    """The words after `nnasim` that take a score on ``manifest`` (None: on dev)."""
    words = ["evaluate", "--checkpoint", str(study.folder / trial.model.name)]
    words += ["--manifest", str(manifest or study.dev), "--system", trial.system, "--batch", "32"]
    if trial.chip != NO_CHIP:
        words += [*_chip_options(study.preset, changes_of(trial.chip)), "--calibration", trial.calibration]
    return words


def line(words: list[str]) -> str:
    """The words after `nnasim` as a line for a shell."""
    return shlex.join(["nnasim", *words])


def _changed(spec: RunSpec) -> list[str]:
    """Options for what the run has of its own, and not of its recipe's schedule."""
    base = schedule(spec.recipe, initialised=spec.init is not None)
    changed = {
        field: getattr(spec.run, field) for field in OPTIONAL if getattr(spec.run, field) != getattr(base, field)
    }
    return [word for field, value in changed.items() for word in (f"--{field.replace('_', '-')}", str(value))]


def _chip_options(preset: str, changes: Sequence[str]) -> list[str]:
    return ["--preset", preset, *(word for change in changes for word in ("--set", change))]
