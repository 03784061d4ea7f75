"""More SRAM reads no more and is hardly slower: `python -m tests.proof.run_capacity`; exit code 1 where one breaks it.

Every preset x eight shapes x some hundred sizes of SRAM, from the least that is accepted to more than everything: the
traffic of each, and the time of every few. Then random tiles, buffers, banks and ports. ``--sizes 20`` is quick.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from itertools import pairwise

from nnasim.compiler import CompiledTrace
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.ir.trace import OpTrace
from tests.nnasim.compiler.capacity import SHAPES, sizes_around_every_rung, slower_at_most, spent, traffic
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES as LARGE

MOST_SLOWER = 0.05  # of the work after loading, as the manual states it


def cases(frames: int) -> Iterator[tuple[str, OpTrace, NnaConfig]]:
    """(name, trace, chip) of every preset and shape; a chip without activation unit falls back to the CPU."""
    for preset in preset_names():
        chip = load_preset(preset).with_({"sram.banks": 1})
        system = "aat" if chip.has_activation_unit else "cpu_fallback"
        for name, shape in {**SHAPES, **LARGE}.items():
            yield f"{preset}, {name}", build_trace(shape, frames, 2, system=system, numerics=chip.numerics), chip


def show(name: str, trace: OpTrace, chip: NnaConfig, steps: int, timed: int) -> bool:
    """Print how one case went; whether the laws hold."""
    sizes = [size for size in sizes_around_every_rung(trace, chip, steps) if size > 0]
    read = [traffic(trace, chip.with_({"sram.bytes": size})) for size in sizes]
    fits = [(size, value) for size, value in zip(sizes, read, strict=True) if value is not None]
    accepted_upwards = read[len(read) - len(fits) :] == [value for _, value in fits]
    rises = sum(more > less for (_, less), (_, more) in pairwise(fits))
    fastest, slower, bounded = None, 0.0, True
    for size, _ in fits[:: max(1, len(fits) // timed)]:
        compiled = CompiledTrace(trace, chip.with_({"sram.bytes": size}))
        cycles = spent(compiled).working
        if fastest is not None:
            bounded &= cycles <= fastest + slower_at_most(compiled)
            slower = max(slower, cycles / fastest - 1)
        fastest = cycles if fastest is None else min(fastest, cycles)
    print(f"{name}: {len(fits)} sizes, traffic rises {rises} times, slower by {100 * slower:.2f} % at most", flush=True)
    return accepted_upwards and not rises and bounded and slower <= MOST_SLOWER


def show_random(points: int, seed: int) -> bool:
    """Print how many random pairs of sizes, and of banks and ports, broke the law of traffic; whether none did."""
    rng, pairs, broken = random.Random(seed), list(cases(4)), 0
    for _ in range(points):
        name, trace, chip = rng.choice(pairs)
        fields = {
            "sram.weight_tile_bytes": max(chip.dma.alignment_bytes, int(2 ** rng.uniform(4, 18))),
            "sram.weight_buffers": rng.randint(1, 12), "dma.weight_compression_ratio": rng.choice([1.0, 0.63]),
        }  # fmt: skip
        small = int(2 ** rng.uniform(13, 25)) // 32 * 32
        points_of = [
            {"sram.bytes": small}, {"sram.bytes": small, "sram.banks": 32, "sram.ports": 4},
            {"sram.bytes": small + 32 * rng.randint(1, 1 + small // 64)},
        ]  # fmt: skip
        less, wider, more = (traffic(trace, chip.with_({**fields, **point})) for point in points_of)
        if less != wider or (less is not None and (more is None or more > less)):
            broken += 1
            print(f"{name}: {fields}, {points_of}: {less}, {wider}, {more}")
    print(f"{points} random chips: {broken} break the law")
    return not broken


def main(arguments: list[str] | None = None) -> int:
    """Print every case; 0 if all hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, default=300, help="even steps of SRAM for each case")
    parser.add_argument("--timed", type=int, default=25, help="sizes of each case that are simulated")
    parser.add_argument("--random", type=int, default=3000, help="random chips")
    parser.add_argument("--frames", type=int, default=6)
    given = parser.parse_args(arguments)
    held = [show(name, trace, chip, given.sizes, given.timed) for name, trace, chip in cases(given.frames)]
    held.append(show_random(given.random, seed=1))
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
