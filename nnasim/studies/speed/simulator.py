"""The speed of the simulator, beside the time that other tools need for the same recogniser."""

from __future__ import annotations

from typing import Any

from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.results import SimOptions
from nnasim.studies.speed.figure import Clock, cpu_seconds, figure, peak_megabytes
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

# What one frame of the paper-sized RNN-T, 17 matrix products, cost other tools: CPU seconds, measured once on two cores
# with SCALE-Sim 3.0.0, ZigZag 3.9.1 and Vela 5.2.0. Ranges are given by their cheaper end.
SCALE_SIM_S, ZIGZAG_S, VELA_S, PRODUCTS = 460.0, 8.0, 5.0, 17


def simulator_figures(chip: NnaConfig, frames: int, clock: Clock = cpu_seconds) -> dict[str, dict[str, Any]]:
    """First and further frames with every event, and ``frames`` of them with replay, on ``chip``."""
    every_event = SimOptions(replay=False)

    def trace(count: int) -> OpTrace:
        return build_trace(SHAPES["rnnt-paper"], count, count // 4)

    def seconds(count: int, options: SimOptions | None = None) -> tuple[float, SimResult]:
        work, results = trace(count), list[SimResult]()
        spent = clock(lambda: results.append(simulate(work, chip, options)))
        return spent, results[0]

    seconds(1, every_event)  # what is imported and filled once is no frame's cost
    first, _ = seconds(1, every_event)
    nine, result = seconds(9, every_event)
    replayed, _ = seconds(frames)
    more = (nine - first) / 8 if nine > first else nine / 9  # a busy machine may take longer for one than for nine
    operations = sum(op.count for op in result.ops)
    products = sum(op.count for op in result.ops if op.kind == "matmul")
    audio_seconds = result.utterances[0].audio_seconds
    return {
        "first_frame_every_event": figure(first, "s", "SCALE-Sim 3.0.0, one frame, quoted", SCALE_SIM_S),
        "further_frame_every_event": figure(more, "s", "ZigZag 3.9.1, one frame (8 to 18 s), quoted", ZIGZAG_S),
        f"{frames}_frames_with_replay": figure(
            replayed, "s", f"Vela 5.2.0, {frames} frames (5 to 11 s each), quoted", frames * VELA_S
        ),
        "operations_per_second": figure(
            operations / nine,
            "1/s",
            "the chip that it simulates, in real time",
            operations / audio_seconds,
            more_is_better=True,
        ),
        "matrix_products_per_second": figure(
            products / nine, "1/s", f"Vela 5.2.0, {PRODUCTS} in 5 s, quoted", PRODUCTS / VELA_S, more_is_better=True
        ),
        "memory": figure(peak_megabytes(), "MB", "SCALE-Sim 3.0.0, one frame, quoted", 1100.0),
    }
