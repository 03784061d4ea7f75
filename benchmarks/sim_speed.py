"""The cost of events: ``python -m benchmarks.sim_speed [--json FILE]``.

The paper-sized recogniser on edge256, CPU seconds of one process and one thread, least of three rounds: its first
frame, every further one with every event run, and a point of a sweep over the DRAM's rate, which runs each distinct
program once and keeps no timeline. Points a second on two cores follow from that by division: nothing is lost between
workers.

``explain_s``: the whole of `nnasim explain` of 100 frames, a process from its start to its end.

``steady_tiles_pct``: tiles of the encoder that are fetched and begin as long after the tile before as that one did
after its own. They are what could be advanced together, without an event each.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

from nnasim import files
from nnasim.compiler import AT_START, CompiledTrace
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.run import ProgramRun
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate, simulate_compiled
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

ROUNDS, FRAMES, POINTS, CORES = 3, 9, 6, 2
GOALS = {"first_frame_s": 0.2, "further_frame_s": 0.07, "points_per_second_two_cores": 100.0, "explain_s": 2.0}


def trace_of(frames: int) -> OpTrace:
    """Frames of the paper-sized recogniser, a symbol in every fourth."""
    return build_trace(SHAPES["rnnt-paper"], frames, frames // 4)


def cost(work: Callable[[], object]) -> float:
    """CPU seconds of ``work``: the least of the rounds, since a busy machine only adds to them."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def point_seconds(chip: NnaConfig) -> float:
    """CPU seconds of one point of a sweep whose points share their programs."""
    compiled, options = CompiledTrace(trace_of(FRAMES), chip), SimOptions(timeline=False)
    chips = [chip.with_({"dram.bytes_per_second": 2e9 + 1e8 * point}) for point in range(POINTS)]

    def sweep() -> None:
        for other in chips:
            simulate_compiled(compiled.on(other), options)

    return cost(sweep) / POINTS


def explain_seconds() -> float:
    """CPU seconds of `nnasim explain` of 100 frames and 25 symbols, on the default chip: the least of the rounds."""
    nnasim, taken = [sys.executable, "-m", "nnasim"], list[float]()
    with TemporaryDirectory() as folder:
        trace = str(Path(folder) / "trace.json")
        sizes = ["--frames", "100", "--symbols", "25"]
        subprocess.run([*nnasim, "trace", "--shape", "rnnt-paper", *sizes, "--out", trace], check=True)
        for _ in range(ROUNDS):
            start = children_seconds()
            subprocess.run([*nnasim, "explain", trace, "--quiet"], check=True)
            taken.append(children_seconds() - start)
    return min(taken)


def children_seconds() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def steady_share(chip: NnaConfig) -> float:
    """The share of the encoder's tiles that are fetched and begin in step with the tile before."""
    run = run_program(CompiledTrace(trace_of(1), chip).program("encoder", AT_START), chip)
    steady = tiles = 0
    for op in range(len(run.program.ops)):
        fetched, begun = (starts_of(run, block, op) for block in ("dma", "mac_array"))
        steps = list(zip(gaps(fetched), gaps(begun), strict=False))  # a resident weight is not fetched
        tiles += len(begun)
        steady += sum(step == before for before, step in pairwise(steps))
    return 100 * steady / tiles


def starts_of(run: ProgramRun, block: str, op: int) -> list[int]:
    """The cycles in which ``block`` began each piece of work on operation ``op``."""
    return [record.start for record in run.records if (record.block, record.op) == (block, op) and not record.is_stall]


def gaps(starts: list[int]) -> list[int]:
    """Cycles from each start to the next."""
    return [later - sooner for sooner, later in pairwise(starts)]


def figures() -> dict[str, float]:
    """All of them."""
    chip, every_event = load_preset("edge256"), SimOptions(replay=False)
    one, many = trace_of(1), trace_of(FRAMES)
    simulate(one, chip, every_event)  # what is imported once is no frame's cost
    first = cost(lambda: simulate(one, chip, every_event))
    nine = cost(lambda: simulate(many, chip, every_event))
    point = point_seconds(chip)
    return {
        "first_frame_s": first,
        "further_frame_s": (nine - first) / (FRAMES - 1),
        "sweep_point_s": point,
        "points_per_second_two_cores": CORES / point,
        "explain_s": explain_seconds(),
        "steady_tiles_pct": steady_share(chip),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    measured = figures()
    for name, value in measured.items():
        goal = f"  (goal {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:32} {value:.4g}{goal}")
    if arguments.json:
        files.write_json(arguments.json, measured)


if __name__ == "__main__":
    main()
