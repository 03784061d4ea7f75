"""`nnasim bench`: how fast this package is, each figure beside what it is compared with."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nnasim.ir.trace import OpTrace

# What one frame of the paper-sized RNN-T cost other tools, CPU seconds on two cores; measured by the authors of
# nnasim's validation tables (hardware notes). Ranges are given by their cheaper end.
SCALE_SIM_S, ZIGZAG_S, VELA_S = 460.0, 8.0, 5.0
FRAMES = 333  # ten seconds of audio


def command(
    json: Annotated[Path, typer.Option(help="the file to write")],
    preset: Annotated[str, typer.Option(help="the chip to simulate")] = "edge256",
    training: Annotated[bool, typer.Option(help="measure training too, where torch is installed")] = True,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
) -> None:
    """Measure the simulator on a paper-sized recogniser and write {NAME: {value, unit, compared_with, ratio}}.

    Training is measured beside torch.nn.LSTM and a float training step. Times are CPU seconds of this process.
    A ratio says how many times the compared tool's cost is ours.

    Example: nnasim bench --json bench.json
    """
    from nnasim import files

    files.refuse_existing(json, force)
    figures = measure(preset) | (training_speed() if training else {})
    files.write_json(json, figures, force=force)
    width = max(map(len, figures))
    for name, figure in figures.items():
        beside = f"  ({figure['ratio']:,.2f} x {figure['compared_with']})" if figure["ratio"] else ""
        print(f"{name:<{width}}  {figure['value']:10.4f} {figure['unit']}{beside}")


def measure(preset: str, frames: int = FRAMES) -> dict[str, dict[str, Any]]:
    """All figures. ``frames``: of the run with replay."""
    from nnasim.hardware import load_preset
    from nnasim.pipeline import SimOptions, simulate
    from workloads.rnnt.builder import build_trace
    from workloads.rnnt.shapes import SHAPES

    chip, every_event = load_preset(preset), SimOptions(replay=False)

    def trace(count: int) -> OpTrace:
        return build_trace(SHAPES["rnnt-paper"], count, count // 4)

    def seconds(count: int, options: SimOptions | None = None) -> float:
        work = trace(count)
        return cpu_seconds(lambda: simulate(work, chip, options))

    first = seconds(1, every_event)
    more = (seconds(9, every_event) - first) / 8
    replayed = seconds(frames)
    return {
        "first_frame_every_event": figure(first, "s", "SCALE-Sim 3.0.0, one frame", SCALE_SIM_S),
        "further_frame_every_event": figure(more, "s", "ZigZag 3.9.1, one frame (8 to 18 s)", ZIGZAG_S),
        f"{frames}_frames_with_replay": figure(
            replayed, "s", f"Vela 5.2.0, {frames} frames (5 to 11 s each)", frames * VELA_S
        ),
        "memory": figure(peak_megabytes(), "MB", "SCALE-Sim 3.0.0, one frame", 1100.0),
    }


def training_speed() -> dict[str, dict[str, Any]]:
    """Figures of exact training; none where the ``train`` extra is not installed."""
    from importlib.util import find_spec

    if any(find_spec(module) is None for module in ("torch", "torchaudio")):
        return {}
    from aat_training.bench.train_speed import figures

    return figures()


def figure(value: float, unit: str, compared_with: str, theirs: float) -> dict[str, Any]:
    """One figure; ``ratio`` = theirs / ours."""
    return {
        "value": round(value, 6),
        "unit": unit,
        "compared_with": f"{compared_with}: {theirs:g} {unit}",
        "ratio": round(theirs / value, 3) if value > 0 else None,
    }


def cpu_seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_megabytes() -> float:
    """Largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
