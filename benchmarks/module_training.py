"""The errors that a chip costs a torch module, and those that training for it recovers: ``python -m
benchmarks.module_training``.

Two spotters of four made-up sounds in noise, a GRU and an LSTM with projection, trained in float; put on harsher chips
by calibration alone (`naive`); trained on for them, 200 steps (`aat`). Errors of 2,000 streams that were not trained
on.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import ClassVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn

import nnasim

FEATURES, SOUNDS, STREAMS, STEPS = 8, 4, 64, 200
CHIPS = {
    "lut8": {"numerics.activation": "lut8", "numerics.cell_bits": 8},
    "lut8, int4 weights": {"numerics.weight_bits": 4},
    "hard": {"numerics.activation": "hard"},
    "hard, int4 weights": {"numerics.activation": "hard", "numerics.weight_bits": 4},
}


class Gru(nn.Module):
    """A GRU of 24 units and a linear layer. ``calls``: of a stream, so long that it must remember."""

    calls = 40
    states: ClassVar = {"h": 1}
    example: ClassVar = {"x": torch.zeros(1, 1, FEATURES), "h": torch.zeros(1, 1, 24)}

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = nn.GRU(FEATURES, 24), nn.Linear(24, SOUNDS)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """One call: the sounds' scores, and the next call's h."""
        y, h = self.rnn(x, h)
        return self.out(y), h


class Projected(nn.Module):
    """An LSTM of 32 units, projected to 12, and a linear layer."""

    calls = 20
    states: ClassVar = {"h": 1, "c": 2}
    example: ClassVar = {"x": torch.zeros(1, 1, FEATURES), "h": torch.zeros(1, 1, 12), "c": torch.zeros(1, 1, 32)}

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = nn.LSTM(FEATURES, 32, proj_size=12), nn.Linear(12, SOUNDS)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One call: the sounds' scores, and the next call's h and c."""
        y, (h, c) = self.rnn(x, (h, c))
        return self.out(y), h, c


def speech(streams: int, calls: int, seed: int) -> tuple[Tensor, Tensor]:
    """Noise (streams, calls, features) with one sound of three calls in each stream, and which."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.randn(SOUNDS, 3, FEATURES, generator=torch.Generator().manual_seed(1))
    x, y = torch.randn(streams, calls, FEATURES, generator=generator), torch.arange(streams) % SOUNDS
    starts = torch.randint(2, calls - 4, (streams,), generator=generator)
    for stream, start in enumerate(starts.tolist()):
        x[stream, start : start + 3] += sounds[y[stream]]
    return x, y


def last(outputs: Tensor) -> Tensor:
    """Scores after the last call."""
    return outputs.reshape(len(outputs), -1, SOUNDS)[:, -1]


def loss(outputs: Tensor, target: Tensor) -> Tensor:
    """Cross entropy after the last call."""
    return nn.functional.cross_entropy(last(outputs), target)


def errors(outputs: Tensor, target: Tensor) -> float:
    """Share of streams that were misheard, per cent."""
    return 100 * float((last(outputs).argmax(-1) != target).double().mean())


def in_float(module: nn.Module, x: Tensor) -> Tensor:
    """Outputs of all calls from zero states on."""
    return module.out(module.rnn(x.transpose(0, 1))[0]).transpose(0, 1)


def trained_in_float(kind: type[nn.Module], steps: int = 1500) -> nn.Module:
    """A spotter trained in float."""
    torch.manual_seed(0)
    module = kind()
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    for step in range(steps):
        x, y = speech(STREAMS, kind.calls, 10_000 + step)
        optimizer.zero_grad()
        loss(in_float(module, x), y).backward()
        optimizer.step()
    return module.eval()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="of training for the chip")
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    print("| module | chip | float [% wrong] | naive | aat | won back | s of CPU |\n|---|---|---|---|---|---|---|")
    for kind in (Gru, Projected):
        x, y = speech(2000, kind.calls, 5)
        data = [speech(STREAMS, kind.calls, 1000 + number) for number in range(50)]
        module = trained_in_float(kind)
        with torch.no_grad():
            floating = errors(in_float(module, x), y)
        for name, changes in CHIPS.items():
            begun = time.process_time()
            trained = nnasim.train_module(
                module, kind.example, data, loss, chip=nnasim.preset("edge256").with_(changes), states=kind.states,
                steps=steps, learning_rate=0.15,
            )  # fmt: skip
            seconds = time.process_time() - begun
            naive, aat = (errors(trained.run(x, system=system), y) for system in ("naive", "aat"))
            back = f"{100 * (naive - aat) / (naive - floating):.0f} %" if naive > 1.05 * floating else "-"
            print(f"| {kind.__name__} | {name} | {floating:.2f} | {naive:.2f} | {aat:.2f} | {back} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
