"""A finished training in a few lines, and in the figures that programs read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aat_training.checkpoint import Checkpoint
from nnasim.markup import visible

_FIGURES = ("arithmetic", "dev_wer", "parameters", "train_utterances", "device", "ranks", "initial", "preset")


def trained_lines(checkpoint: Checkpoint) -> Iterator[str]:
    """A few lines: the size of the model, the words of dev that it gets wrong, and its training."""
    info = checkpoint.info
    yield f"{info['parameters']:,} parameters, dev WER {100 * info['dev_wer']:.2f} %"
    initial = info["initial"]
    if initial is not None:
        yield f"  began with    {100 * initial:.2f} % of dev wrong, the model that it started from"
    steps = info["run"]["steps"]
    yield f"  trained       {info['arithmetic']}, at most {steps:,} steps on {info['train_utterances']:,} utterances"
    yield f"  recipe        {visible(checkpoint.recipe.name)}, on {info['device']}; every look at dev: log.csv"


def trained_figures(checkpoint: Checkpoint) -> dict[str, Any]:
    """The figures of a model for other programs: dev WER as a fraction, sizes, and its training."""
    known = {name: checkpoint.info[name] for name in _FIGURES if name in checkpoint.info}
    return {**known, "system": checkpoint.system, "recipe": checkpoint.recipe.name, "run": checkpoint.info["run"]}
