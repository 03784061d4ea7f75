"""The models that the delay study trains: plain data, and the training run of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aat_training.recipes import load_recipe
from aat_training.run_spec import RunSpec
from aat_training.train import schedule
from nnasim.analysis.realtime import Endpointer
from nnasim.hardware import NnaConfig, load_preset

PENALTIES = (0.0, 0.003, 0.01, 0.03)
Arm = Literal["base", "float", "aat"]


@dataclass(frozen=True)
class Model:
    """One training run. ``penalty`` [nats per encoder output]; a base has none."""

    seed: int
    arm: Arm
    penalty: float = 0.0

    @property
    def name(self) -> str:
        """The model's folder below the study's; a base uses the folder of the training study, which can share it."""
        return f"seed-{self.seed}/base" if self.arm == "base" else f"seed-{self.seed}/{self.arm}-delay-{self.penalty}"


@dataclass(frozen=True)
class DelayStudy:
    """The settings that determine the study. ``folder`` holds the models; steps are the recipe's if None.

    ``dev``: the speech on which models are compared; it chooses nothing. ``preset`` with ``changes``, each
    ``field=value``: the chip. ``base``: a float checkpoint that every seed starts from; None: each trains its own.
    ``blanks_ms``, ``wait_ms``: how long the two endpointers wait; the first decides what a user's millisecond costs.
    """

    recipe: str
    train: tuple[Path, ...]
    dev: Path
    folder: Path
    preset: str = "edge256"
    changes: tuple[str, ...] = ()
    penalties: tuple[float, ...] = PENALTIES
    seeds: int = 3
    base: Path | None = None
    base_steps: int | None = None
    steps: int | None = None
    blanks_ms: float = 800.0
    wait_ms: float = 240.0

    @property
    def chip(self) -> NnaConfig:
        """The chip. Raises ConfigError for values that it cannot have."""
        return load_preset(self.preset, list(self.changes))

    @property
    def endpointers(self) -> tuple[Endpointer, Endpointer]:
        """The two ways in which an utterance is closed."""
        return Endpointer("trailing_blanks", self.blanks_ms), Endpointer("fixed_wait", self.wait_ms)

    def bases(self) -> list[Model]:
        """The float models to train that everything else starts from."""
        return [] if self.base is not None else [Model(seed, "base") for seed in range(self.seeds)]

    def arms(self) -> list[Model]:
        """The models that are compared, from no penalty, which is always among them, to the largest."""
        penalties, arms = sorted({0.0, *self.penalties}), ("float", "aat")
        return [Model(seed, arm, penalty) for penalty in penalties for arm in arms for seed in range(self.seeds)]  # type: ignore[arg-type]

    def base_of(self, seed: int) -> Path:
        """The checkpoint that the models of ``seed`` start from."""
        return self.base if self.base is not None else self.folder / Model(seed, "base").name

    def steps_of(self, model: Model) -> int:
        """Optimiser steps of a run."""
        recipe = load_recipe(self.recipe)
        if model.arm == "base":
            return self.base_steps or recipe.float_run.steps
        return self.steps or recipe.aat_run.steps

    def run_spec(self, model: Model) -> RunSpec:
        """The training run that makes ``model``. Raises ConfigError for an unknown recipe or impossible values of the
        chip.

        Dev is evaluated once, when training has ended: no checkpoint is chosen on the speech that it is measured on.
        """
        recipe, steps, initialised = load_recipe(self.recipe), self.steps_of(model), model.arm != "base"
        return RunSpec(
            recipe=recipe,
            run=schedule(
                recipe,
                initialised=initialised,
                steps=steps,
                evaluate_every=steps,
                seed=model.seed,
                delay_penalty=model.penalty,
            ),
            train=self.train,
            dev=self.dev,
            arithmetic="aat" if model.arm == "aat" else "float",
            init=self.base_of(model.seed) if initialised else None,
            numerics=self.chip.numerics if model.arm == "aat" else None,
        )
