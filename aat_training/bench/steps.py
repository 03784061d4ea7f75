"""A whole training step of a recipe, float and with the chip's operators, on utterances made up here."""

from __future__ import annotations

from pathlib import Path

import torch

from aat_training.bench.interleaved import Work
from aat_training.bench.layers import compiled_part
from aat_training.config import Recipe
from aat_training.data.batches import Example, collate
from aat_training.data.parts import ExamplesInMemory
from aat_training.model.arithmetic import Arithmetic
from aat_training.model.build import build_model
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.model.rnnt import Rnnt
from aat_training.quant.calibration import calibrate, record
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.tokens import WordTokens
from aat_training.trainer import Trainer, normalisation
from nnasim.numerics.config import NumericsConfig

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
WORD_FRAMES, PAUSE_FRAMES = 35, 15  # of 10 ms: about what spoken digits take


def utterances(recipe: Recipe, count: int) -> list[Example]:
    """Strings of 3 to 7 digits; each digit is a pattern of its own in noise."""
    rng = torch.Generator().manual_seed(1)
    patterns = torch.randn(len(WORDS) + 1, recipe.features.dimension, generator=rng)
    examples = []
    for number in range(count):
        words = torch.randint(1, len(WORDS) + 1, (3 + number % 5,), generator=rng).tolist()
        parts = [patterns[0].repeat(PAUSE_FRAMES, 1)]
        for word in words:
            parts += [patterns[word].repeat(WORD_FRAMES, 1), patterns[0].repeat(PAUSE_FRAMES, 1)]
        x = torch.cat(parts)
        x = x + 0.3 * torch.randn(x.shape, generator=rng)
        examples.append(Example(f"u{number}", " ".join(WORDS[word - 1] for word in words), x, tuple(words)))
    return examples


def _model(recipe: Recipe, examples: list[Example], arithmetic: Arithmetic) -> Rnnt:
    torch.manual_seed(0)
    model = build_model(recipe, len(WORDS) + 1, arithmetic)
    for buffer, value in zip((model.feature_mean, model.feature_scale), normalisation(examples), strict=True):
        buffer.copy_(value.repeat(recipe.model.stack))
    return model


def _chip(recipe: Recipe, model: Rnnt, examples: list[Example]) -> ChipArithmetic:
    shape = recipe.model
    batches = [collate([e.x_TD], [e.tokens], shape.stack, shape.reduction) for e in examples[:4]]
    histograms = {name.removeprefix("calibration."): counts for name, counts in record(model.eval(), batches).items()}
    return ChipArithmetic(calibrate(histograms, NumericsConfig(), "mse", "benchmark"))  # type: ignore[call-arg]


def contenders(recipe: Recipe) -> dict[str, Work]:
    """Fine-tuning steps of equal settings: data, forward, loss, backward, optimiser. The float one comes first."""
    examples = utterances(recipe, 3 * recipe.aat_run.batch)

    def step(arithmetic: Arithmetic, compiled: bool = True) -> Work:
        model = _model(recipe, examples, arithmetic)
        # Nothing is written: only single steps run, never a whole fit.
        trainer = Trainer(
            model=model,
            recipe=recipe,
            run=recipe.aat_run,
            tokens=WordTokens(WORDS),
            train=ExamplesInMemory(examples[: recipe.aat_run.batch], recipe, recipe.aat_run),
            dev=examples[:2],
            folder=Path("unused"),
        )
        steps = trainer.steps()

        def work() -> None:
            with compiled_part(compiled):
                trainer.update(steps)

        return work

    chip = _chip(recipe, _model(recipe, examples, FloatArithmetic()), examples)
    return {
        "float step": step(FloatArithmetic()),
        "aat_step_plain": step(chip, compiled=False),
        "aat_step_compiled": step(_chip(recipe, _model(recipe, examples, FloatArithmetic()), examples)),
    }
