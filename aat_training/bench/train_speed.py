"""All figures of training speed, as `nnasim bench` and `python -m benchmarks.train_speed` show them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from aat_training.bench.interleaved import Clock, Timing, Work, interleave
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


def lstm_timings(size: Size, rounds: int = ROUNDS, name: str = "lstm", clock: Clock | None = None) -> list[Timing]:
    """Timings of the exact LSTM against torch.nn.LSTM."""
    ours = {f"{name}_plain": chip_lstm(size, compiled=False), f"{name}_compiled": chip_lstm(size, compiled=True)}
    return interleave({"torch.nn.LSTM": float_lstm(size)} | _buildable(ours), rounds, clock)


def other_timings(size: Size, rounds: int = SLOW_ROUNDS, clock: Clock | None = None) -> list[Timing]:
    """Timings of other libraries' quantised LSTMs, where installed, against torch.nn.LSTM."""
    makers: dict[str, Callable[[Size], Work | None]] = {
        "torch_ao_quantizable_lstm": torch_ao_lstm,
        "brevitas_quant_lstm": brevitas_lstm,
    }
    contenders = {name: work for name, make in makers.items() if (work := make(size)) is not None}
    return interleave({"torch.nn.LSTM": float_lstm(size)} | contenders, rounds, clock)


def step_timings(recipe: Recipe, rounds: int = ROUNDS, clock: Clock | None = None) -> list[Timing]:
    """Timings of a whole training step with the chip's operators against the float step."""
    return interleave(_buildable(contenders(recipe)), rounds, clock)


def _buildable(works: dict[str, Work]) -> dict[str, Work]:
    """``works`` without the compiled contenders if there is no compiler: a figure that was not measured is absent."""
    return {name: work for name, work in works.items() if lstm_steps.available() or not name.endswith("_compiled")}


def timings(
    size: Size | None = None,
    recipe: Recipe | None = None,
    others: Sequence[Size] = OTHER_SIZES,
    threads: int = 1,
) -> list[Timing]:
    """All timings, in CPU time of one thread or wall time of several ``threads``.

    Layers of the sizes ``others`` are timed with the exact LSTM only, without other libraries.
    """
    size, before = size or Size(), torch.get_num_threads()
    clock = None if threads == 1 else time.perf_counter
    torch.set_num_threads(threads)
    try:
        further = [
            timing
            for other in others
            for timing in lstm_timings(other, name=f"lstm_{other.layers}x{other.units}", clock=clock)
        ]
        steps = step_timings(recipe or digits(), clock=clock)
        return lstm_timings(size, clock=clock) + further + steps + other_timings(size, clock=clock)
    finally:
        torch.set_num_threads(before)


def figures(measurements: list[Timing] | None = None) -> Figures:
    """{NAME: {value, unit, compared_with, ratio}}; a ratio says how many times the compared cost is ours."""
    return {f"train_{t.name}": dict(t.figure()) for t in (timings() if measurements is None else measurements)}
