"""Random graphs of foreign models' work, chip against reference and float: `python -m tests.proof.run_random_graphs`.

Exit code 1 where an integer of the chip is not the reference's, a signal is lost, or anything is raised.
"""

from __future__ import annotations

import argparse
import traceback

from tests.workloads.stepgraph.exact import FINE, HARSH, SMALL, exact, noise
from tests.workloads.stepgraph.random_graphs import random_graph
from tests.workloads.stepgraph.test_random_graphs import MIXED_FLOOR_DB

CALLS = 6


def main() -> int:
    """Print each seed that fails, and how near to float the others are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs=2, default=(100, 600), metavar=("FIRST", "END"))
    parser.add_argument("--size", type=int, default=12, help="kinds of work in a graph")
    options = parser.parse_args()
    heard, failures = list[float](), 0
    for seed in range(*options.seeds):
        try:
            heard.append(signal(seed, options.size))
        except Exception:  # each is a finding, and the next seed is another one
            failures += 1
            print(f"seed {seed}: {traceback.format_exc(limit=-1)}")
            continue
        if heard[-1] < MIXED_FLOOR_DB:
            failures += 1
            print(f"seed {seed}: {heard[-1]:.1f} dB")
    heard.sort()
    if heard:
        print(f"{len(heard)} graphs: {heard[0]:.1f} dB at least, {heard[len(heard) // 2]:.1f} dB in the middle")
    return int(failures > 0)


def signal(seed: int, size: int) -> float:
    """Signal to error of the worst output with 16 bits; with 8 bits the chip's integers are compared alone."""
    graph = random_graph(seed, size)
    steps = noise(graph, CALLS, seed)
    exact(graph, steps, HARSH, SMALL)
    return min(exact(graph, steps, FINE).values())


if __name__ == "__main__":
    raise SystemExit(main())
