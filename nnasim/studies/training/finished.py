"""A finished training run as its folder records it: what made it, and its log. Both may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from aat_training.checkpoint import read_checkpoint
from aat_training.checkpoint_files import checkpoint_files
from aat_training.run_folder import is_finished
from aat_training.saved_state import COLUMNS, Row
from nnasim.errors import NOT_GIVEN, CheckpointError, ConfigError, InputError
from nnasim.records import Frozen, Integer, validated
from reports.csvfile import read_csv

_ROUNDING = 1e-6  # of a log's figures


class Schedule(Frozen):
    """The part of a run's schedule that its log must agree with."""

    model_config = ConfigDict(extra="ignore")

    steps: Annotated[Integer, Field(ge=1, le=10**9)]
    patience: Annotated[Integer, Field(ge=0)] = 0


def _writable(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be text, without halves of surrogate pairs")
    return text


class Made(Frozen):
    """The origin of a model. ``command``: None if the run was not started by a command."""

    model_config = ConfigDict(extra="ignore")

    run: Schedule
    command: Annotated[str, Field(strict=True, max_length=100_000), AfterValidator(_writable)] | None = None


def made(folder: Path) -> Made:
    """The origin of the finished model of ``folder``. Raises FileError or CheckpointError if it does not say."""
    meta = checkpoint_files(folder)[1]
    return validated(Made, read_checkpoint(folder).info, meta, CheckpointError, within="info")


def refuse_other_base_steps(asked: int | None, bases: Iterable[Path]) -> None:
    """Raise ConfigError if a finished one of ``bases`` was trained for another number of steps than was ``asked``
    for; one that was brought along is taken where none was.
    """
    for base in bases:
        if asked is not None and is_finished(base) and (steps := made(base).run.steps) != asked:
            why = f"the model in {base} was trained for {steps}; leave this out to take it, or train in another folder"
            raise ConfigError("base steps", "", asked, why)


def read_log(path: Path, run: Schedule) -> list[Row]:
    """The lines of the log of a finished ``run``.

    Raises FileError, or InputError with line and column for one that contradicts itself, the lines before it, or the
    run.
    """
    rows: list[Row] = []
    lowest = float("inf")
    for number, cells in enumerate(read_csv(path, COLUMNS), start=2):
        source = f"{path}: line {number}"
        row = validated(
            Row, {name: _number(cell) for name, cell in zip(COLUMNS, cells, strict=True)}, source, InputError
        )
        lowest = min(lowest, row.dev_wer)
        if abs(row.best_dev_wer - lowest) > _ROUNDING:
            raise InputError(source, "best_dev_wer", row.best_dev_wer, f"must be {lowest}, the lowest dev_wer so far")
        if rows and row.step <= rows[-1].step:
            raise InputError(source, "step", row.step, f"must be above {rows[-1].step}, that of the line before")
        if rows and row.cpu_seconds < rows[-1].cpu_seconds:
            allowed = f"must be at least {rows[-1].cpu_seconds}, that of the line before"
            raise InputError(source, "cpu_seconds", row.cpu_seconds, allowed)
        rows.append(row)
    if not rows:
        raise InputError(path, "", NOT_GIVEN, "must hold a line under its header: a run that has ended was evaluated")
    if rows[-1].step > run.steps or (rows[-1].step < run.steps and not run.patience):
        raise InputError(f"{path}: line {len(rows) + 1}", "step", rows[-1].step, f"must be {run.steps}, the run's last")
    return rows


def _number(cell: str) -> Any:
    """The number in ``cell``; its text, which is refused, if there is none."""
    try:
        return float(cell) if "_" not in cell else cell
    except ValueError:
        return cell
