"""All figures of training speed, as `nnasim bench` and `python -m benchmarks.train_speed` show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from aat_training.bench.interleaved import Timing, Work, interleave
from aat_training.bench.layers import Size, brevitas_lstm, chip_lstm, float_lstm, torch_ao_lstm
from aat_training.bench.steps import contenders
from aat_training.config import Recipe
from aat_training.quant.compiled import lstm_steps
from aat_training.recipes import digits

# Medians of ratios settle after about ten rounds; what costs twenty times as much gets fewer.
ROUNDS, SLOW_ROUNDS = 11, 3
# Beside the default: one layer as wide as a large recogniser's, one as narrow as the recipe digits has.
OTHER_SIZES = (Size(layers=1, units=1024, frames=30), Size(layers=1, units=144))
Figures = dict[str, dict[str, Any]]


def lstm_timings(size: Size, rounds: int = ROUNDS, name: str = "lstm") -> list[Timing]:
    """The exact LSTM against torch.nn.LSTM."""
    ours = {f"{name}_plain": chip_lstm(size, compiled=False), f"{name}_compiled": chip_lstm(size, compiled=True)}
    return interleave({"torch.nn.LSTM": float_lstm(size)} | _buildable(ours), rounds)


def other_timings(size: Size, rounds: int = SLOW_ROUNDS) -> list[Timing]:
    """Other libraries' quantised LSTMs, where installed, against torch.nn.LSTM."""
    makers: dict[str, Callable[[Size], Work | None]] = {
        "torch_ao_quantizable_lstm": torch_ao_lstm,
        "brevitas_quant_lstm": brevitas_lstm,
    }
    contenders = {name: work for name, make in makers.items() if (work := make(size)) is not None}
    return interleave({"torch.nn.LSTM": float_lstm(size)} | contenders, rounds)


def step_timings(recipe: Recipe, rounds: int = ROUNDS) -> list[Timing]:
    """A whole training step with the chip's operators against the float step."""
    return interleave(_buildable(contenders(recipe)), rounds)


def _buildable(works: dict[str, Work]) -> dict[str, Work]:
    """``works`` without the compiled contenders if there is no compiler: a figure that was not measured is absent."""
    return {name: work for name, work in works.items() if lstm_steps.available() or not name.endswith("_compiled")}


def timings(
    size: Size | None = None, recipe: Recipe | None = None, others: Sequence[Size] = OTHER_SIZES
) -> list[Timing]:
    """Everything, on one thread; of ``others`` the exact LSTM alone."""
    size, threads = size or Size(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        further = [
            timing for other in others for timing in lstm_timings(other, name=f"lstm_{other.layers}x{other.units}")
        ]
        return lstm_timings(size) + further + step_timings(recipe or digits()) + other_timings(size)
    finally:
        torch.set_num_threads(threads)


def figures(measurements: list[Timing] | None = None) -> Figures:
    """{NAME: {value, unit, compared_with, ratio}}; a ratio says how many times the compared cost is ours."""
    return {f"train_{t.name}": dict(t.figure()) for t in (timings() if measurements is None else measurements)}
