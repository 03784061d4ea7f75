"""A study file: which chip to start from, what varies, what is measured. Strict, and checked before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nnasim import files
from nnasim.errors import ConfigError
from nnasim.ir.trace import System
from nnasim.records import Integer, Number
from nnasim.sweep.axes import MOST_POINTS, AxisSpec, Value

Name = Annotated[str, Field(min_length=1, max_length=500)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ShapeTrace(_Record):
    """A trace made from a shape alone, as `nnasim trace --shape` makes it."""

    shape: Name
    frames: Integer = Field(gt=0, le=1_000_000)
    symbols: Integer = Field(ge=0, le=1_000_000)
    system: System = "aat"


class FineTune(_Record):
    """Training on with the chip's operators before an arithmetic is scored: ``steps`` is the whole budget."""

    steps: Integer = Field(gt=0, le=10**7)
    train: Name
    dev: Name
    seed: Integer = Field(0, ge=0)


class AccuracySpec(_Record):
    """How word error rate is found: once for each distinct arithmetic.

    ``checkpoints``: a folder of checkpoints (``float/`` and ``aat/``); ``system``: which one is scored, unless the axis
    ``system`` says; ``limit``: only the first utterances.
    """

    checkpoints: Name
    manifest: Name
    system: System = "naive"
    limit: Integer | None = Field(None, gt=0)
    finetune: FineTune | None = None


class SearchSpec(_Record):
    """How `nnasim search` looks. ``prune_frames``: a trial whose first frames are hopeless is not run to its end."""

    trials: Integer = Field(100, gt=0, le=MOST_POINTS)
    algorithm: Literal["tpe", "nsga2", "random"] = "tpe"
    batch: Integer = Field(4, gt=0, le=1024, description="trials asked for at once; decides what a trial knows")
    prune_frames: Integer | None = Field(None, gt=0)
    prune_margin: Number = Field(1.1, ge=1, description="hopeless: worse by this factor in every objective")


class StudyFile(_Record):
    """A study as it stands in its file."""

    base: Name
    traces: tuple[Name | ShapeTrace, ...] = Field(min_length=1, max_length=1000)
    axes: dict[Name, AxisSpec] = Field(min_length=1, max_length=100)
    objectives: tuple[Name, ...] = Field(min_length=1, max_length=20)
    set: dict[Name, Value] = {}
    constraints: tuple[Name, ...] = Field((), max_length=100)
    sampler: Literal["grid", "random", "lhs", "sobol", "saltelli"] = "grid"
    points: Integer | None = Field(None, gt=0, le=MOST_POINTS)
    seed: Integer = Field(0, ge=0, le=2**32 - 1)
    accuracy: AccuracySpec | None = None
    search: SearchSpec = SearchSpec()

    @field_validator("objectives", "constraints")
    @classmethod
    def _once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("one of them stands there twice")
        return names


def read_study(path: str | Path) -> StudyFile:
    """A study file. Raises FileError or ConfigError, which names the first wrong field."""
    return parse_study(files.read_yaml(path), path)


def parse_study(data: object, source: object) -> StudyFile:
    """``data`` (parsed YAML or JSON) as a study."""
    if not isinstance(data, dict):
        raise ConfigError(source, "", data, "must be a mapping with base, traces, axes and objectives")
    try:
        return StudyFile.model_validate(data)
    except ValidationError as error:
        field, value, allowed = explain(error)
        raise ConfigError(source, field, value, allowed) from None


def explain(error: ValidationError) -> tuple[str, object, str]:
    """(dotted field, value, what is allowed) of the first error."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return field, None, "must be given"
    if first["type"] == "extra_forbidden":
        return field, first["input"], f"unknown key; a study has {', '.join(StudyFile.model_fields)}"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return field, first["input"], message
