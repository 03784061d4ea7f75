"""Run by ``test_fused.py`` in a process of its own, whose environment asks Triton for its interpreter.

``python -m tests.aat_training.quant.interpreted``: prints what was compared, and ends in an error where a bit differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from aat_training.quant.fused import graph
from aat_training.quant.fused import steps as fused_steps
from aat_training.quant.lstm import LstmKernel, LstmSequence, quantise_lstm
from aat_training.quant.lstm_forward import project_input, run_forward
from tests.aat_training.quant.chips import CHIPS
from tests.aat_training.quant.test_compiled import kernel_of

GAINS = 0.5, 4.0  # usual; and saturating, in gates, cell state and h
STEPS, BATCH, INPUTS, UNITS = 2, 3, 9, 7
MANY_UNITS = 150  # more cells than one program has


def values_of(kernel: LstmKernel, gain: float, norms: bool, units: int, steps: int = STEPS) -> list[torch.Tensor]:
    """x, w_ih, w_hh, bias, h, c, and both gains of a layer with norms."""
    rng = torch.Generator().manual_seed(7)
    top = 1 << (kernel.cell.act_bits - 1)
    x = torch.randint(-top, top, (steps, BATCH, INPUTS), generator=rng).float()
    shapes = (4 * units, INPUTS), (4 * units, units), (4 * units,)
    parameters = [gain * torch.randn(shape, generator=rng) for shape in shapes]
    h, c = (torch.randint(-100, 100, (BATCH, units), generator=rng).float() for _ in range(2))
    gains = [1.5 * torch.randn(4 * units, generator=rng) for _ in range(2 * norms)]
    return [x, *parameters, h, c, *gains]


def trained(kernel: LstmKernel, values: list[torch.Tensor]) -> list[torch.Tensor]:
    """h, the last c, and the gradient of every input."""
    leaves = [value.clone().requires_grad_() for value in values]
    h, c = LstmSequence.apply(*leaves[:6], kernel, *leaves[6:])
    probe = torch.randn(h.shape, generator=torch.Generator().manual_seed(1))
    ((h * probe).sum() + c.sum()).backward()
    return [h.detach(), c.detach(), *(leaf.grad for leaf in leaves)]


def decoded(kernel: LstmKernel, values: list[torch.Tensor]) -> list[torch.Tensor]:
    """h and the last c where nothing is kept for a backward pass."""
    x, w_ih, w_hh, bias, h, c, *gains = values
    weights = quantise_lstm(kernel, w_ih, w_hh, bias, *gains)
    h_TBH, last, _ = run_forward(kernel, weights, project_input(kernel, weights, x), h, c, keep=False)
    return [h_TBH, last]


def cases() -> list[tuple[str, float, bool, int]]:
    """Chip, gain of the weights, layer norm or none, and units."""
    plain = [(name, gain, False, UNITS) for name in CHIPS for gain in GAINS]
    first = next(iter(CHIPS))
    return [*plain, (first, 0.5, True, UNITS), (first, 0.5, False, MANY_UNITS)]


def stretched() -> int:
    """The same in stretches of two steps, replayed, with a step left over; returns how often one was replayed."""
    replays = 0

    def recorded(work: Callable[[], None], device: torch.device) -> Callable[[], None]:
        def replay() -> None:
            nonlocal replays
            replays += 1
            work()

        work()
        return replay

    for name in ("lut8, int8 cell", "lut16"):
        kernel = kernel_of(name)
        for seed in (1, 2):  # other weights in the same places
            values = values_of(kernel, 0.5 * seed, False, UNITS + 1, steps=5)
            results = {}
            for wanted in "01":
                os.environ["NNASIM_COMPILED"] = wanted
                graph.STEPS, graph.captured, graph.obstacle = 2, recorded, fused_steps.obstacle
                results[wanted] = [*trained(kernel, values), *decoded(kernel, values)]
            for number, (plain, fused) in enumerate(zip(results["0"], results["1"], strict=True)):
                assert torch.equal(plain, fused), (name, seed, number)
    return replays


def main() -> None:
    """Compare the kernels with plain PyTorch, bit for bit, on every chip."""
    compared = 0
    for name, gain, norms, units in cases():
        kernel = kernel_of(name)
        values, results = values_of(kernel, gain, norms, units), {}
        for wanted in "01":
            os.environ["NNASIM_COMPILED"] = wanted
            why = fused_steps.obstacle(torch.device("cpu"))
            assert (why is None) == (wanted == "1"), why
            results[wanted] = [*trained(kernel, values), *decoded(kernel, values)]
        for number, (plain, fused) in enumerate(zip(results["0"], results["1"], strict=True)):
            assert torch.equal(plain, fused), (name, gain, norms, units, number)
        compared += 1
    print(f"{compared} layers, bit for bit")
    print(f"{stretched()} replays, bit for bit")


if __name__ == "__main__":
    main()
