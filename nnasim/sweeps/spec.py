"""A sweep file: the chip to start from, the axes, and the figures to measure. Strict, and checked before
anything runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from nnasim import files, limits
from nnasim.errors import ConfigError
from nnasim.ir.trace import System
from nnasim.records import Frozen, Integer, Number, validated
from nnasim.sweeps.axes import MOST_POINTS, AxisSpec, Value

Name = Annotated[str, Field(min_length=1, max_length=500)]


class ShapeTrace(Frozen):
    """A trace made from a shape alone, as `nnasim trace --shape` makes it."""

    shape: Name
    frames: Integer = Field(ge=1, le=limits.TRACE_CALLS)
    symbols: Integer = Field(ge=0, le=(limits.TRACE_CALLS - 1) // 2)
    system: System = "aat"


class FineTune(Frozen):
    """Training on with the chip's operators before an arithmetic is scored: ``steps`` is the whole budget."""

    steps: Integer = Field(gt=0, le=10**7)
    train: Name
    dev: Name
    seed: Integer = Field(0, ge=0, le=10**9)


class AccuracySpec(Frozen):
    """The way in which word error rates are found: once for each distinct arithmetic.

    ``checkpoints``: a folder of checkpoints (``float/`` and ``aat/``); ``system``: the one that is scored, unless the
    axis ``system`` gives it; ``limit``: only the first utterances.
    """

    checkpoints: Name
    manifest: Name
    system: System = "naive"
    limit: Integer | None = Field(None, gt=0, le=limits.MANIFEST_LINES)
    finetune: FineTune | None = None


class SearchSpec(Frozen):
    """The settings of `nnasim search`. ``prune_frames``: a trial whose first frames are hopeless is not run to
    its end.
    """

    trials: Integer = Field(100, gt=0, le=MOST_POINTS)
    algorithm: Literal["tpe", "nsga2", "random"] = "tpe"
    batch: Integer = Field(4, gt=0, le=1024, description="trials asked for at once; decides what a trial knows")
    prune_frames: Integer | None = Field(None, gt=0, le=limits.TRACE_CALLS)
    prune_margin: Number = Field(1.1, ge=1, description="hopeless: worse by this factor in every objective")


class SweepSpec(Frozen):
    """A sweep as its file describes it."""

    base: Name
    traces: tuple[Name | ShapeTrace, ...] = Field(min_length=1, max_length=limits.SWEEP_TRACES)
    axes: dict[Name, AxisSpec] = Field(min_length=1, max_length=limits.SWEEP_AXES)
    objectives: tuple[Name, ...] = Field(min_length=1, max_length=limits.SWEEP_OBJECTIVES)
    set: dict[Name, Value] = Field({})
    constraints: tuple[Name, ...] = Field((), max_length=limits.SWEEP_CONSTRAINTS)
    sampler: Literal["grid", "random", "lhs", "sobol", "saltelli"] = "grid"
    points: Integer | None = Field(None, gt=0, le=MOST_POINTS)
    seed: Integer = Field(0, ge=0, le=2**32 - 1)
    accuracy: AccuracySpec | None = None
    search: SearchSpec = SearchSpec()

    @model_validator(mode="after")
    def _points_are_used(self) -> SweepSpec:
        if self.sampler == "grid" and self.points is not None:
            raise ValueError("points: a grid has the points of its axes; give a sampler, such as random")
        return self

    @field_validator("objectives", "constraints")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("must not have a name twice")
        return names


def read_sweep_file(path: str | Path) -> SweepSpec:
    """A sweep file. Raises FileError or ConfigError, which names the first wrong field."""
    return parse_sweep_file(files.read_yaml(path), path)


def parse_sweep_file(data: object, source: object) -> SweepSpec:
    """``data`` (parsed YAML or JSON) as a sweep file. Raises ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError(
            source, "", data, f"must be a mapping with base, traces, axes and objectives{files.seems(str(source))}"
        )
    files.refuse_other(data, "a sweep file", source)
    return validated(SweepSpec, data, source)
