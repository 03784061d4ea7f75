"""A test of how well NVDLA's pipeline latencies carry over: find them again on some rows, predict the others.

`python -m workloads.validation.refit NV_SMALL.csv NV_SMALL_256.csv` (minutes): each design from the other, and 30 % of
all rows from 70 %. The search starts far off, so that nothing of the values in ``Latencies`` leaks into it.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from nnasim.analysis.change import change_pct
from nnasim.sim.nvdla.latencies import Latencies
from nnasim.sim.nvdla.layer import Layer, Memory
from nnasim.sim.nvdla.pipeline import run_layer
from workloads.importers.measured_table import read_measured_table
from workloads.validation.nvdla import layer_and_memory

Run = tuple[Layer, Memory, int]

START = Latencies(
    weight_head_start=8,
    weights_to_usable=60,
    activations_to_usable=60,
    surfaces_to_usable=0,
    retire=1,
    array=8,
    credit_return=15,
    write_pipeline=20,
)
STEPS = (8, 4, 2, 1)
SAMPLE, MOST_CYCLES, LATENT = 40, 4000, 256  # rows of a search; those it takes; latency at which ``retire`` shows
SEED = 7


def runs(path: Path) -> list[Run]:
    """Every row of an NVDLA table as (layer, memory, measured cycles)."""
    rows = read_measured_table(path).rows
    return [(*layer_and_memory(row), row.integer("total_cycles")) for row in rows]


def errors(rows: Sequence[Run], latencies: Latencies) -> list[float]:
    """Absolute errors in percent."""
    return [
        abs(change_pct(float(cycles), float(run_layer(layer, memory, latencies).total)))
        for layer, memory, cycles in rows
    ]


def fit(rows: Sequence[Run]) -> Latencies:
    """Latencies found by coordinate descent on the mean error over a sample of the quicker rows."""
    quick = [run for run in rows if run[2] < MOST_CYCLES]
    sample = random.Random(SEED).sample(quick, min(SAMPLE, len(quick)))
    sample += [run for run in quick if run[1].read_latency >= LATENT][:2]
    best, least = START, sum(errors(sample, START))
    for step in STEPS:
        improved = True
        while improved:
            improved = False
            for name, value in asdict(best).items():
                for moved in (value - step, value + step):
                    tried = replace(best, **{name: max(moved, 0)})
                    cost = sum(errors(sample, tried))
                    if cost < least:
                        best, least, improved = tried, cost, True
    return best


def _report(name: str, train: Sequence[Run], held_out: Sequence[Run]) -> None:
    latencies = fit(train)
    off = errors(held_out, latencies)
    print(f"{name}: {len(off)} held-out rows, mean {sum(off) / len(off):.3f} %, worst {max(off):.3f} %; {latencies}")


def main(first: Path, second: Path) -> None:
    """Print the three experiments."""
    first_rows, second_rows = runs(first), runs(second)
    everything = [*first_rows, *second_rows]
    random.Random(SEED).shuffle(everything)
    cut = len(everything) * 7 // 10
    _report(f"{first.stem} -> {second.stem}", first_rows, second_rows)
    _report(f"{second.stem} -> {first.stem}", second_rows, first_rows)
    _report("70 % -> 30 %", everything[:cut], everything[cut:])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
