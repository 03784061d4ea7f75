"""The specification of one training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aat_training.config import Recipe, TrainConfig
from aat_training.quant.lstm import Gradient
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method

Arithmetic = Literal["float", "qat", "aat"]
ScheduleName = Literal["base", "fine-tuning"]


@dataclass(frozen=True)
class RunSpec:
    """The specification of one run. ``arithmetic``: the chip's own (``aat``), ordinary QAT, or float."""

    recipe: Recipe
    run: TrainConfig
    train: tuple[Path, ...]
    dev: Path
    arithmetic: Arithmetic = "float"
    init: Path | None = None
    numerics: NumericsConfig | None = None
    calibration: Method = "mse"
    gradient: Gradient = "output"
    info: dict[str, Any] | None = None
