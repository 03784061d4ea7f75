"""Traffic and time of a compiled trace, and the shapes and sizes that the laws of capacity are tried on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from nnasim.compiler import CompiledTrace
from nnasim.compiler.memory_plan import ladder
from nnasim.compiler.schedule import utterance_steps
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate_compiled
from nnasim.results import SimOptions
from nnasim.sim.run import run_program
from workloads.rnnt.shapes import RnntShape


def dram_bytes(compiled: CompiledTrace) -> int:
    """Bytes that the whole trace reads, loading the residents included."""
    programs = {}
    times: Counter[int] = Counter()
    for utterance in compiled.trace.utterances:
        for step in utterance_steps(compiled, utterance):
            programs[id(step.program)] = step.program
            times[id(step.program)] += 1
    boot = compiled.boot()
    return sum(times[key] * program.dram_bytes for key, program in programs.items()) + (boot.dram_bytes if boot else 0)


def traffic(trace: OpTrace, chip: NnaConfig) -> int | None:
    """What ``trace`` reads on ``chip``; None where it does not fit."""
    try:
        return dram_bytes(CompiledTrace(trace, chip))
    except PlacementError:
        return None


def shape(features: int, units: int, layers: tuple[int, int], prediction: tuple[int, int], joint: tuple[int, int]):
    """A recogniser: ``layers`` before and after a reduction, (embedding, units) and (units, outputs)."""
    before, after = layers
    return RnntShape(
        input_features=features, frame_ms=30, encoder_units=units, encoder_before=before, reduction=2 if after else 1,
        encoder_after=after, embedding=prediction[0], prediction_units=prediction[1], prediction_layers=1,
        joint_units=joint[0], outputs=joint[1],
    )  # fmt: skip


SHAPES = {
    "even": shape(64, 96, (2, 0), (32, 64), (64, 64)),
    "odd": shape(37, 61, (1, 1), (13, 29), (43, 101)),
    "large outputs": shape(40, 64, (1, 0), (64, 64), (64, 1500)),
    "one large layer": shape(120, 160, (1, 1), (16, 24), (24, 12)),
}


def sizes_around_every_rung(trace: OpTrace, chip: NnaConfig, steps: int) -> list[int]:
    """Just below and at every size at which a larger tiling, or everything, begins to fit; and ``steps`` even ones."""
    compiled = CompiledTrace(trace, chip.with_({"sram.bytes": 2**30}))
    working = compiled.memory.working_set
    total = working + sum(use.bytes for use in compiled.uses.values())
    marks = [working + rung.bytes for rung in ladder(chip, compiled.uses)] + [total]
    even = range(working, total + 40_000, total // steps)
    return sorted({*even, *(mark + shift for mark in marks for shift in (-1, 0))})


@dataclass(frozen=True)
class Spent:
    """Cycles in which anything worked: ``loading`` the residents before the first utterance, and all that follows."""

    loading: int
    working: int


def spent(compiled: CompiledTrace) -> Spent:
    """The cycles of a compiled trace, every event simulated."""
    result = simulate_compiled(compiled, SimOptions(timeline=False))
    boot = compiled.boot()
    loading = run_program(boot, compiled.chip).cycles if boot else 0
    return Spent(loading, result.extra.busy_cycles - loading)


def slower_at_most(compiled: CompiledTrace) -> int:
    """Cycles of work by which more SRAM may cost time, loading apart.

    An invocation waits for its first tile, which may have grown to the configured size, before it multiplies, and
    multiplies its last one after its last transfer; and an operation whose weights now stream, since they are hardly
    used, waits for one latency.
    """
    chip = compiled.chip
    tile = max(rung.buffer_bytes for rung in ladder(chip, compiled.uses))
    moved = tile / chip.dram_bytes_per_cycle + tile / chip.sram.bytes_per_cycle
    multiplied = (
        tile / min(chip.mac_array_law.weights_per_cycle, chip.mac_array.macs) + chip.mac_array.fixed_cycles_per_pass
    )
    calls = sum(len(utterance.call_graphs) for utterance in compiled.trace.utterances)
    return int(calls * (moved + multiplied + 2 * chip.dram_latency_cycles))
