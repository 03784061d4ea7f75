"""The exact LSTM on a GPU against cuDNN's: ``python -m benchmarks.gpu [--json FILE]``.

One layer, forward and backward: cuDNN's in float32 (TF32 off), and the chip's as it is trained, with and without its
kernel and its graph; medians of interleaved rounds. First the integers of a layer are held to those of the CPU. On a
machine without a GPU it says so, and measures nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor, nn

from aat_training.devices import label, open_device
from aat_training.quant.fused import graph, steps
from aat_training.quant.lstm import LstmKernel, LstmSequence
from nnasim import files
from nnasim.errors import ConfigError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell

SIZES = (144, 32, 100), (256, 32, 100), (640, 32, 100), (1024, 16, 30), (1024, 64, 200)  # units, utterances, steps
ROUNDS = 15
FORMS = {
    "kernel and graph": {},
    "kernel alone": {"graph": "asked not to"},
    "plain PyTorch": {"graph": "asked not to", "kernel": "asked not to"},
}


def layer(units: int) -> LstmKernel:
    """The chip's layer, of the default formats."""
    numerics = NumericsConfig()  # type: ignore[call-arg]
    return LstmKernel.of("layer", build_cell(numerics, Ranges(6.0, 3.0, 3.0, 4.0)), numerics, 2.0**-7)


def operands(units: int, batch: int, length: int, device: torch.device) -> list[Tensor]:
    """x, w_ih, w_hh, bias, h and c: the same numbers on every device."""
    rng = torch.Generator().manual_seed(1)
    x = torch.randint(-128, 128, (length, batch, units), generator=rng).float()
    shapes = (4 * units, units), (4 * units, units), (4 * units,)
    weights = [torch.randn(shape, generator=rng) / units**0.5 for shape in shapes]
    state = [torch.zeros(batch, units), torch.zeros(batch, units)]
    return [tensor.to(device).requires_grad_() for tensor in (x, *weights, *state)]


def once(kernel: LstmKernel, leaves: list[Tensor]) -> Tensor:
    """Forward and backward of the chip's layer; its h."""
    h, _ = LstmSequence.apply(*leaves, kernel)
    h.sum().backward()
    return h.detach()


def cudnn(units: int, x: Tensor) -> Callable[[], None]:
    """Forward and backward of cuDNN's layer."""
    module = nn.LSTM(units, units).to(x.device)

    def run() -> None:
        module(x)[0].sum().backward()

    return run


def milliseconds(work: Callable[[], object]) -> float:
    """GPU time of one call."""
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    work()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def chips(units: int, leaves: list[Tensor]) -> dict[str, Callable[[], None]]:
    """The chip's layer in each of ``FORMS``."""

    def form(without: dict[str, str]) -> Callable[[], None]:
        kernel = layer(units)  # captures of its own

        def run() -> None:
            none = {name: (lambda device, why=why: why) for name, why in without.items()}
            with (
                patch.object(graph, "obstacle", none.get("graph", graph.obstacle)),
                patch.object(steps, "obstacle", none.get("kernel", steps.obstacle)),
            ):
                once(kernel, leaves)

        return run

    return {name: form(without) for name, without in FORMS.items()}


def measured(units: int, batch: int, length: int, device: torch.device) -> dict[str, float]:
    """Milliseconds of each contender, interleaved, once its integers are known to be the CPU's."""
    leaves = operands(units, batch, length, device)
    here = once(layer(units), operands(units, batch, length, torch.device("cpu")))
    if not torch.equal(once(layer(units), leaves).cpu(), here):
        raise SystemExit(f"{units} units: the GPU's integers are not the CPU's")
    works = {"cuDNN": cudnn(units, leaves[0]), **chips(units, leaves)}
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS + 3):
        for name, work in works.items():
            spent = milliseconds(work)
            if number >= 3:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def main() -> int:
    """Measure, print a table, write JSON; returns 2 if there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N")
    parser.add_argument("--json", type=Path, default=Path("gpu.json"), help="the file to write")
    options = parser.parse_args()
    try:
        device = open_device(options.device)
        if device.type != "cuda":
            raise ConfigError("device", "", options.device, "must be cuda or cuda:N")
    except ConfigError as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 2
    print(f"{label(device)}; {steps.state(device)}; graph: {graph.obstacle(device) or 'captured'}")
    print("| units | utterances | steps | cuDNN [ms] | " + " | ".join(f"{name} [ms]" for name in FORMS) + " | ratio |")
    print("|---" * (5 + len(FORMS)) + "|")
    rows = []
    for units, batch, length in SIZES:
        times = measured(units, batch, length, device)
        ratio = times["kernel and graph"] / times["cuDNN"]
        rows.append({"units": units, "utterances": batch, "steps": length, **times, "ratio": ratio})
        numbers = " | ".join(f"{spent:.2f}" for spent in times.values())
        print(f"| {units} | {batch} | {length} | {numbers} | {ratio:.2f} |", flush=True)
    files.write_json(options.json, {"device": label(device), "rows": rows}, force=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
