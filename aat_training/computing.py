"""The kernel that multiplies in each product of a model, forward and backward, and the reason for its choice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import torch

from aat_training.explain import explain, steps_by, table
from aat_training.model.rnnt import LINEAR, Rnnt
from aat_training.quant import float_product
from aat_training.quant.accumulator import Accumulator
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.compiled import lstm_back, lstm_steps
from aat_training.quant.dynamic_arithmetic import DynamicArithmetic
from aat_training.quant.fallback_arithmetic import FallbackArithmetic
from aat_training.quant.fused import steps
from aat_training.quant.int8_product import MOST_ROWS, Factor, Verdict
from nnasim.numerics.config import NumericsConfig

IN_LOOP = "loop", "exact by its probe"
FOLLOWED = Verdict(None, "in float64: its accumulator may overflow, and is followed")
KERNELS = {
    "int8": "torch._int_mm",
    "float": "float, exact in the type above",
    "loop": "int8 in the compiled loop over time",
}
Products = list[tuple[str, Factor, Accumulator]]


def numerics_lines(
    model: Rnnt, numerics: NumericsConfig | None, rows: int, *, trained: float | None = None
) -> list[str]:
    """Lines on what computes ``model``: bounds, forward products, LSTM steps and, where it is trained, the backward
    products.

    ``rows``: those of a product in the loop over time. ``trained``: the share that training drops; None: it decodes.
    """
    chip = model.arithmetic
    if numerics is None or not isinstance(chip, ChipArithmetic):
        return [_without_a_chip(chip), steps_by(model)]
    lines = table(explain(model, numerics), numerics.overflow).splitlines()
    lines += forward_lines(products(model, chip), (rows, MOST_ROWS), _looped(model, chip))
    if trained:
        lines.append(f"while dropout lasts, by float, since it scales integers up: {', '.join(_dropped(model))}")
    lines.append(steps_by(model))
    return lines if trained is None else [*lines, backward_line(model.device)]


def _without_a_chip(arithmetic: object) -> str:
    if isinstance(arithmetic, DynamicArithmetic):
        return "int8 products on a CPU, with ranges found at run time: their sums are exact in float"
    return "float arithmetic: no integers to bound"


def products(model: Rnnt, chip: ChipArithmetic) -> Products:
    """Every product of the chip by name, in the order in which it runs."""
    found: Products = []
    for name in model.recurrent_names:
        weights = chip.frozen_weights(model.recurrent(name))
        found += (f"{name}.x", weights.factor_x, weights.acc_x), (f"{name}.h_mm", weights.factor_h, weights.acc_h)
    for name in LINEAR:
        linear = chip.linear(model.linear(name))
        found.append((model.linear(name).product, linear.factor, linear.accumulator))
    return found


def forward_lines(made: Products, rows: Sequence[int], looped: Collection[str] = ()) -> Iterator[str]:
    """Lines on the kernel that multiplies so many ``rows`` by each product's weight, and one for each reason.

    ``looped``: products that the compiled loop over time makes where they are int8.
    """

    def chosen(name: str, factor: Factor, accumulator: Accumulator, count: int) -> tuple[str, str]:
        verdict = FOLLOWED if accumulator.reachable else factor.verdict(count)
        return IN_LOOP if name in looped and verdict.layout is not None else (verdict.kernel, verdict.why)

    kernels = {name: [chosen(name, factor, accumulator, count) for count in rows] for name, factor, accumulator in made}
    reasons = dict.fromkeys(reason for row in kernels.values() for reason in row)
    letters = {reason: chr(ord("a") + place) for place, reason in enumerate(reasons)}
    heads = (f"{count:,} row{'s' * (count > 1)}{' or more' * (count == MOST_ROWS)}" for count in dict.fromkeys(rows))
    yield f"{'computed by':<16}" + "".join(f"{head:>20}" for head in heads)
    for name, row in kernels.items():
        cells = (f"{reason[0]} ({letters[reason]})" for reason in row)
        yield f"{name:<16}" + "".join(f"{cell:>20}" for cell in cells)
    for (kernel, why), letter in letters.items():
        yield f"({letter}) {KERNELS[kernel]}: {why}"


def backward_line(device: torch.device) -> str:
    """A line on the kernel that multiplies in the backward pass."""
    why = float_product.obstacle(torch.empty(0, device=device))
    by = f"oneDNN (within {float_product.TOLERANCE:g} of float64)" if why is None else f"torch.mm ({why})"
    looped = "; in the loop over time the compiled part, where its sums have the same bits"
    return f"backward products: {by}{looped if device.type == 'cpu' and lstm_back.multiplies() else ''}"


def _looped(model: Rnnt, chip: ChipArithmetic) -> list[str]:
    if isinstance(chip, FallbackArithmetic) or model.device.type != "cpu" or steps.obstacle(model.device) is None:
        return []
    layers = {name: chip.frozen_weights(model.recurrent(name)) for name in model.recurrent_names}
    return [f"{name}.h_mm" for name, weights in layers.items() if lstm_steps.loops(chip.kernel(name), weights)]


def _dropped(model: Rnnt) -> list[str]:
    """Products that read what dropout has scaled."""
    return [f"{name}.x" for name in [*model.before, *model.after][1:]] + ["joint_enc.mm"]
