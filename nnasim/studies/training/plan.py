"""The models that the study trains and the scores that it takes: plain data, and the training run of each model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aat_training.quant.lstm import Gradient
from aat_training.recipes import load_recipe
from aat_training.run_folder import is_finished
from aat_training.run_spec import Arithmetic, RunSpec
from aat_training.train import schedule
from nnasim.hardware import load_preset
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import METHODS, Method
from nnasim.studies.training.runs import failure

GRADIENTS: tuple[Gradient, ...] = ("output", "segment", "identity")
NO_CHIP = "-"
CALIBRATED = "naive", "qat"  # arms that know nothing of the chip, so that their ranges can be found in several ways


@dataclass(frozen=True)
class Chip:
    """A chip of the study: the preset with these fields changed, each as ``field=value``."""

    name: str
    changes: tuple[str, ...]


# Every other field is the preset's; edge256 itself has lut8 and an int8 cell state.
CHIPS = {
    chip.name: chip
    for chip in (
        Chip("lut8", ("numerics.activation=lut8", "numerics.cell_bits=8")),
        Chip("lut8-cell16", ("numerics.activation=lut8", "numerics.cell_bits=16")),
        Chip("pwl8", ("numerics.activation=pwl", "numerics.pwl_segments=8", "numerics.cell_bits=8")),
        Chip("pwl16", ("numerics.activation=pwl", "numerics.pwl_segments=16", "numerics.cell_bits=8")),
        Chip("plan", ("numerics.activation=plan", "numerics.cell_bits=8")),
        Chip("hard", ("numerics.activation=hard", "numerics.cell_bits=8")),
        Chip("lut8-int4", ("numerics.activation=lut8", "numerics.cell_bits=8", "numerics.weight_bits=4")),
    )
}


def changes_of(chip: str) -> tuple[str, ...]:
    """The fields of the preset that a chip of the study changes."""
    return () if chip == NO_CHIP else CHIPS[chip].changes


@dataclass(frozen=True)
class Model:
    """One training run. Models other than ``base`` start from the base of their seed and train for equally long."""

    seed: int
    arm: str
    arithmetic: Arithmetic = "float"
    chip: str = NO_CHIP
    gradient: Gradient = "output"

    @property
    def name(self) -> str:
        """The model's folder below the study's."""
        chip = "" if self.chip == NO_CHIP or self.arm == "qat" else f"-{self.chip}"
        return f"seed-{self.seed}/{self.arm}{chip}"

    @property
    def base(self) -> str:
        """The folder of the model it starts from."""
        return f"seed-{self.seed}/base"


@dataclass(frozen=True)
class Trial:
    """One score: ``model`` decoding as ``system`` on ``chip``, its ranges found by ``calibration``."""

    arm: str
    model: Model
    system: System
    chip: str = NO_CHIP
    calibration: Method = "mse"

    @property
    def name(self) -> str:
        """The score's file in the model's folder."""
        return f"{self.system}-{self.chip.strip('-') or 'any'}-{self.calibration}"


@dataclass(frozen=True)
class NumericsStudy:
    """The settings that determine the study. ``folder`` holds the models; steps are the recipe's if None.

    ``learning_rate``: peak rate of every arm, the recipe's if None. ``distillation``: weight of the distance between
    qat's and aat's encoder and the base model's.

    ``dev``: the speech on which models are compared. ``choose``: the speech on which calibrations are chosen; None:
    ``dev`` itself. ``rules``: whether the other gradient rules are trained too.
    """

    recipe: str
    train: tuple[Path, ...]
    dev: Path
    folder: Path
    preset: str = "edge256"
    seeds: int = 3
    base_steps: int | None = None
    steps: int | None = None
    chips: tuple[str, ...] = tuple(CHIPS)
    choose: Path | None = None
    rules: bool = True
    learning_rate: float | None = None
    distillation: float = 0.0

    def bases(self) -> list[Model]:
        """The float models that everything else starts from."""
        return [Model(seed, "base") for seed in range(self.seeds)]

    def arms(self) -> list[Model]:
        """The models that are compared; those that matter most first, so that a broken-off study says something."""
        first, *others = self.chips
        kinds = [
            ("float", "float", NO_CHIP, "output"),
            ("aat", "aat", first, "output"),
            ("qat", "qat", first, "output"),
            *(("aat", "aat", chip, "output") for chip in reversed(others)),
            *((f"aat-{gradient}", "aat", first, gradient) for gradient in GRADIENTS[1:] if self.rules),
        ]
        return [Model(seed, *kind) for kind in kinds for seed in range(self.seeds)]  # type: ignore[arg-type]

    def finished(self, model: Model) -> bool:
        """Whether a model is finished."""
        return is_finished(self.folder / model.name)

    def failure(self, model: Model) -> str | None:
        """The reason why a model could not be trained; None if it was, or was not tried."""
        return failure(self.folder / model.name)

    def steps_of(self, model: Model) -> int:
        """Optimiser steps of a run."""
        recipe = load_recipe(self.recipe)
        if model.arm == "base":
            return self.base_steps or recipe.float_run.steps
        return self.steps or recipe.aat_run.steps

    def run_spec(self, model: Model) -> RunSpec:
        """The training run that makes ``model``. Raises ConfigError for an unknown recipe or preset.

        Dev is evaluated once, when training has ended: no arm's checkpoint is chosen on the speech that it is measured
        on.
        """
        recipe, steps = load_recipe(self.recipe), self.steps_of(model)
        initialised = model.arm != "base"
        learning_rate = self.learning_rate if initialised else None
        distillation = None if model.arithmetic == "float" else self.distillation
        return RunSpec(
            recipe=recipe,
            run=schedule(
                recipe,
                initialised=initialised,
                steps=steps,
                evaluate_every=steps,
                seed=model.seed,
                learning_rate=learning_rate,
                distillation=distillation,
            ),
            train=self.train,
            dev=self.dev,
            arithmetic=model.arithmetic,
            init=self.folder / model.base if initialised else None,
            numerics=None if model.arithmetic == "float" else self.numerics(model.chip),
            gradient=model.gradient,
        )

    def numerics(self, chip: str) -> NumericsConfig:
        """The arithmetic of a chip of the study. Raises ConfigError for an unknown preset."""
        return load_preset(self.preset, list(changes_of(chip))).numerics

    def trials(self) -> Iterator[Trial]:
        """Every score of the study."""
        for model in self.arms():
            if model.arm == "float":
                yield Trial("float", model, "float")
                yield Trial("cpu_int8", model, "cpu_int8")
                yield from self._calibrated("naive", model)
            elif model.arm == "qat":
                yield Trial("qat, float activations", model, "cpu_fallback", model.chip)
                yield from self._calibrated("qat", model)
            else:
                yield Trial(model.arm, model, "aat", model.chip)

    def choosing_trials(self) -> list[Trial]:
        """The scores that choose a calibration: those of arms that are tried with several."""
        return [trial for trial in self.trials() if trial.arm in CALIBRATED]

    def _calibrated(self, arm: str, model: Model) -> Iterator[Trial]:
        """A model that knows nothing of the chip, on every chip, with every calibration."""
        for chip in self.chips:
            for method in METHODS:
                yield Trial(arm=arm, model=model, system="naive", chip=chip, calibration=method)
