"""The cost of importing a model: ``python -m benchmarks.import_speed [--json FILE] [--model FILE.onnx]``.

Silero's voice activity detector (PyPI `silero-vad`, MIT) read, calibrated on 100 steps of noise, lowered for edge256 in
exact integers, and 10 s of it simulated: CPU seconds, one process, one thread, medians of five rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from nnasim import files
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.decoding.calls import periodic
from workloads.stepgraph.integers.calibration import calibrate
from workloads.stepgraph.lowering.lowering import to_trace
from workloads.stepgraph.steps import random_steps

ROUNDS, STEPS, GRAPH = 5, 100, "vad"


def silero() -> Path:
    """The model's file, of the installed package."""
    spec = find_spec("silero_vad")
    folders = (spec and spec.submodule_search_locations) or ()
    return next((Path(folder) / "data" / "silero_vad.onnx" for folder in folders), Path("silero_vad.onnx"))


def cost(work: Callable[[], object]) -> float:
    """CPU seconds of ``work``: the median, after one round that is not counted."""
    work()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def timings(path: Path) -> dict[str, float]:
    """CPU seconds of each part of the road."""
    chip = load_preset("edge256")
    graph = read_onnx(path, {"input": (1, 576)}, {"sr": 16000})
    steps, calls = random_steps(graph, STEPS), periodic([GRAPH], 32, 10)
    calibration = calibrate(graph, steps)

    def lower() -> object:
        return to_trace({GRAPH: graph}, calls.utterances, chip.numerics, calibration={GRAPH: calibration}).trace

    trace = to_trace({GRAPH: graph}, calls.utterances, chip.numerics).trace
    return {
        "read": cost(lambda: read_onnx(path, {"input": (1, 576)}, {"sr": 16000})),
        f"calibrate on {STEPS} steps": cost(lambda: calibrate(graph, steps)),
        "lower to exact integers": cost(lower),
        "simulate 10 s": cost(lambda: simulate(trace, chip)),
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("import_speed.json"), help="the file to write")
    parser.add_argument("--model", type=Path, default=silero(), help="Silero's file; default: the installed package's")
    arguments = parser.parse_args()
    figures = timings(arguments.model)
    files.write_json(arguments.json, {name: round(value, 4) for name, value in figures.items()}, force=True)
    for name, value in figures.items():
        print(f"{name:<28}{value:>8.3f} s of CPU")


if __name__ == "__main__":
    main()
