"""The state that a run continues from, checked like every other file before any of it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from nnasim.errors import CheckpointError
from nnasim.records import Frozen, Integer, Number, validated

OPTIMIZER_KEYS = ("exp_avg", "exp_avg_sq", "step")
Tensors = dict[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]
Count = Annotated[Integer, Field(ge=0)]
Rate = Annotated[Number, Field(ge=0, le=1e6)]  # word errors over words: insertions are errors too
Measured = Annotated[Number, Field(ge=-1e100, le=1e100)]


class Row(Frozen):
    """A line of ``log.csv``; fields are its columns."""

    step: Count
    loss: Measured
    learning_rate: Annotated[Number, Field(ge=0, le=1e6)]
    gradient_norm: Annotated[Number, Field(ge=0, le=1e100)]
    dev_wer: Rate
    best_dev_wer: Rate
    cpu_seconds: Annotated[Number, Field(ge=0, le=1e12)]


COLUMNS = tuple(Row.model_fields)


class Progress(Frozen):
    """The progress of a run."""

    step: Count
    best_wer: Rate
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class SavedState:
    """The state from which a run continues: tensors by the parameter's name, of the optimizer by its number and key."""

    step: int
    best_wer: float
    rows: list[dict[str, Any]]
    model: Tensors
    best: Tensors
    average: Tensors
    optimizer: dict[int, Tensors]


def looked_at(
    source: Path, tensors: Tensors, record: Mapping[str, Any], *,
    steps: int, model: Shapes, average: Shapes, optimizer: Sequence[tuple[int, ...]],
) -> SavedState:  # fmt: skip
    """The state in ``tensors`` and ``record``, of a run of ``steps``, whose tensors must have just these shapes.

    ``model`` and ``average``: shapes by name; ``optimizer``: of its parameters in their order. Raises CheckpointError.
    """
    wanted = {name: record.get(name) for name in Progress.model_fields if name in record}
    progress: Progress = validated(Progress, wanted, source, CheckpointError)
    _check_progress(progress, steps, source)
    moments = _moments(tensors, optimizer, source)
    expected = {
        **{f"model.{name}": shape for name, shape in model.items()},
        **{f"best.model.{name}": shape for name, shape in model.items()},
        **{f"average.{name}": shape for name, shape in average.items()},
        **{f"optimizer.{name}": shape for name, shape in moments.items()},
    }
    _check_tensors(tensors, expected, source)
    state: dict[int, Tensors] = {}
    for name in moments:
        number, key = name.split(".")
        value = tensors[f"optimizer.{name}"]
        if key == "exp_avg_sq" and value.min(initial=0.0) < 0:
            raise CheckpointError(source, f"optimizer.{name}", float(value.min()), "must be at least 0")
        if key == "step" and value[0] not in range(1, progress.step + 1):
            why = f"must be a whole number from 1 to {progress.step}, the state's own step"
            raise CheckpointError(source, f"optimizer.{name}", float(value[0]), why)
        state.setdefault(int(number), {})[key] = value
    return SavedState(
        step=progress.step,
        best_wer=float(progress.best_wer),
        rows=[row.model_dump() for row in progress.rows],
        model=_part(tensors, "model."),
        best={f"model.{name}": value for name, value in _part(tensors, "best.model.").items()},
        average=_part(tensors, "average."),
        optimizer=state,
    )


def _moments(tensors: Tensors, optimizer: Sequence[tuple[int, ...]], source: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the optimizer's tensors: for a parameter that no loss reaches there are none, for any other all."""
    reached = [n for n in range(len(optimizer)) if any(f"optimizer.{n}.{key}" in tensors for key in OPTIMIZER_KEYS)]
    if not reached:
        raise CheckpointError(source, "optimizer", None, "is missing: no training state")
    return {f"{n}.{key}": (1,) if key == "step" else optimizer[n] for n in reached for key in OPTIMIZER_KEYS}


def _check_progress(progress: Progress, steps: int, source: Path) -> None:
    """Refuse figures that contradict each other, or the run."""
    if not 1 <= progress.step <= steps:
        raise CheckpointError(source, "step", progress.step, f"must be 1 to {steps}, the steps of this run")
    looks = [row.step for row in progress.rows]
    if looks != sorted(set(looks)) or not looks or looks[-1] != progress.step:
        raise CheckpointError(
            source, "rows", looks[-4:], f"must be steps that rise to {progress.step}, the state's own"
        )
    best = min(row.dev_wer for row in progress.rows)
    if abs(progress.best_wer - best) > 1e-6:  # the rows are rounded
        raise CheckpointError(source, "best_wer", progress.best_wer, f"must be {best}, the lowest of its rows")


def _check_tensors(tensors: Tensors, expected: Shapes, source: Path) -> None:
    """Refuse a state of which a tensor is missing, unknown or of another shape."""
    if missing := next((name for name in expected if name not in tensors), None):
        raise CheckpointError(source, missing, None, "is missing: not the state of this run")
    if unknown := next((name for name in tensors if name not in expected), None):
        raise CheckpointError(source, unknown, tensors[unknown].shape, "is unknown: not the state of this run")
    for name, shape in expected.items():
        tensor = tensors[name]
        if tensor.shape != tuple(shape) or tensor.dtype != np.float32:
            there = f"{tensor.dtype} {tensor.shape}"
            raise CheckpointError(source, name, there, f"must be float32 {tuple(shape)}")


def _part(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
