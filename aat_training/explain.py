"""The accumulator of each matrix product: whether it can overflow, and which float type holds its sums exactly."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from aat_training.devices import numpy_of
from aat_training.model.rnnt import LINEAR, Rnnt
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.compiled import lstm_steps
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.fused import graph, steps
from nnasim.numerics.bounds import Bound, bound
from nnasim.numerics.config import NumericsConfig


def _products(model: Rnnt, chip: ChipArithmetic) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    for name in model.recurrent_names:
        weights = chip.frozen_weights(model.recurrent(name))
        yield f"{name}.x", weights.w_x, weights.bias
        yield f"{name}.h_mm", weights.w_h, None
    for name in LINEAR:
        layer = model.linear(name)
        linear_weights = chip.linear(layer)
        yield layer.product, linear_weights.weight, linear_weights.bias


def explain(model: Rnnt, numerics: NumericsConfig) -> list[Bound]:
    """Bounds of every matrix product of ``model``; empty for a float model."""
    chip = model.arithmetic
    if not isinstance(chip, ChipArithmetic):
        return []
    bits = numerics.activation_bits, numerics.weight_bits, numerics.accumulator_bits
    return [
        bound(name, w.shape[1], *bits, numpy_of(w), None if b is None else numpy_of(b))
        for name, w, b in _products(model, chip)
    ]


def table(bounds: list[Bound], overflow: str = "error") -> str:
    """The bounds as lines of text; ``overflow``: what the chip does beyond its accumulator."""
    if not bounds:
        return "float arithmetic: no integers to bound"
    head = f"{'product':<16}{'K':>6}{'|sum| by bits':>16}{'by weights':>14}{'accumulator':>20}{'float type':>12}"
    rows = [
        f"{b.name:<16}{b.k:>6}{b.worst_by_bits:>16,}{b.worst_by_weights or 0:>14,}"
        f"{_accumulator(b, overflow):>20}{b.float_type:>12}"
        for b in bounds
    ]
    return "\n".join([head, *rows])


def steps_by(model: Rnnt) -> str:
    """The implementation of the point-wise half of each LSTM step: compiled code or PyTorch, with the same bits."""
    chip = model.arithmetic
    if not isinstance(chip, ChipArithmetic) or isinstance(chip, FallbackArithmetic):
        return "LSTM steps: float"
    if steps.obstacle(model.device) is None and model.device.type == "cpu":
        return f"LSTM steps: {steps.state(model.device)}, by its interpreter"
    if model.device.type == "cuda":
        alone = graph.obstacle(model.device)
        together = f"{graph.STEPS} steps in a CUDA graph" if alone is None else f"one by one ({alone})"
        return f"LSTM steps: {steps.state(model.device)}, {together}"
    layers = {name: chip.frozen_weights(model.recurrent(name)) for name in model.layers}
    left = [name for name, weights in layers.items() if not lstm_steps.covers(chip.kernel(name), weights)]
    beside = f"; not covered, plain PyTorch: {', '.join(left)}" if left and lstm_steps.available() else ""
    return f"LSTM steps: {lstm_steps.state()}{beside}"


_BEYOND = {"error": "refused", "wrap": "may wrap", "saturate": "may saturate"}


def _accumulator(limit: Bound, overflow: str) -> str:
    """Bits, and what training does about overflow: nothing where the bound shows that it cannot happen."""
    return f"int{limit.accumulator_bits} {_BEYOND[overflow] if limit.can_overflow else 'safe'}"
