"""One call's records -> what each block and each operation spent. Tallies add and repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from nnasim.analysis.intervals import Interval, length, total, union
from nnasim.ir.program import BLOCKS, NNA_BLOCKS, Block, ElementCommand, MatmulCommand, OpInfo, Program
from nnasim.ir.run import OTHER_WORK, ProgramRun
from nnasim.units import ceil_div


@dataclass
class OpTally:
    """Sums of one operation. ``cycles``: its block was busy with it; ``stall_cycles``: its block waited for it."""

    info: OpInfo
    count: int = 0
    cycles: int = 0
    stall_cycles: int = 0
    bytes: int = 0
    macs: int = 0

    def add(self, other: OpTally, times: int = 1) -> None:
        """Add ``other``, ``times`` times."""
        for name in ("count", "cycles", "stall_cycles", "bytes", "macs"):
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


@dataclass
class Tally:
    """Sums over calls: cycles, busy and stalled cycles by block, operations, and counts of actions."""

    cycles: int = 0
    nna_cycles: int = 0
    busy: Counter[str] = field(default_factory=Counter)
    stall: Counter[str] = field(default_factory=Counter)
    ops: dict[tuple[str, str], OpTally] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally, times: int = 1) -> None:
        """Add ``other``, ``times`` times."""
        self.cycles += times * other.cycles
        self.nna_cycles += times * other.nna_cycles
        for sums, added in ((self.busy, other.busy), (self.stall, other.stall), (self.actions, other.actions)):
            for key, value in added.items():
                sums[key] += times * value
        for name, op in other.ops.items():
            self.ops.setdefault(name, OpTally(op.info)).add(op, times)


def alike(runs: Iterable[ProgramRun]) -> list[tuple[ProgramRun, int]]:
    """(run, how often) for each set of equal runs of one program, in order of first appearance; one stands for all.

    Identity is asked first, since a replayed run is one object and comparing records costs as much as counting them.
    """
    objects: dict[int, tuple[ProgramRun, int]] = {}
    for run in runs:
        objects[id(run)] = (run, objects.get(id(run), (run, 0))[1] + 1)
    equal: dict[Hashable, tuple[ProgramRun, int]] = {}
    for run, count in objects.values():
        key = (id(run.program), run.recorded, run.repeats, run.guests)
        equal[key] = (run, equal.get(key, (run, 0))[1] + count)
    return list(equal.values())


def tally_all(counted: Iterable[tuple[ProgramRun, int]]) -> Tally:
    """The sums of runs, each as often as it happened."""
    total = Tally()
    for run, count in counted:
        total.add(tally(run), count)
    return total


def tally(run: ProgramRun) -> Tally:
    """The sums of one call. One pass over its records, those of tiles in step as often as they came."""
    sums = Tally(cycles=run.cycles)
    tallies = [OpTally(info, count=1) for info in run.program.ops] + [OpTally(info) for info in run.guests]
    works: _OfBlocks = {block: [] for block in BLOCKS}
    waits: _OfBlocks = {block: [] for block in BLOCKS}
    for records, times in run.times():
        for block, _, index, start, end, moved, reason in records:
            op = tallies[index]
            (waits if reason else works)[block].append((start, end))
            if block == op.info.block:
                if reason:
                    op.stall_cycles += times * (end - start)
                else:
                    op.cycles += times * (end - start)
            if block == "dram":
                op.bytes += times * moved
    _add_blocks(sums, *({block: run.counted(of[block]) for block in BLOCKS} for of in (works, waits)))
    _add_ops(sums, run.program, tallies)
    sums.actions = actions_of(run)
    return sums


_OfBlocks = dict[Block, list[Interval]]


def _add_blocks(sums: Tally, works: _OfBlocks, waits: _OfBlocks) -> None:
    busy = {block: union(intervals) for block, intervals in works.items()}
    for block, intervals in busy.items():
        sums.busy[block] = total(intervals)
        # A block stalls while some part of it waits and none works.
        sums.stall[block] = length([*intervals, *waits[block]]) - sums.busy[block] if waits[block] else 0
    # What DMA loads ahead while the host computes or hands over is no work of the NNA on the step at hand.
    nna = [interval for block in NNA_BLOCKS for interval in busy[block]]
    host = union([*works["host"], *waits["host"]])
    sums.nna_cycles = length([*nna, *host]) - total(host)


def _add_ops(sums: Tally, program: Program, tallies: list[OpTally]) -> None:
    for index, macs in program.macs_of_ops:
        tallies[index].macs += macs
    for op in tallies:
        sums.ops.setdefault((op.info.graph, op.info.name), OpTally(op.info)).add(op)


def actions_of(run: ProgramRun) -> Counter[str]:
    """Counts of one call that the energy table prices."""
    program, actions = run.program, Counter[str]()
    actions.update(mac_int8=_mac_int8(program), element=_elements(program), macs=program.macs)
    actions.update(dram_bytes=0, sram_bytes=0, handoffs=program.handoffs, handoff_cycles=0, cpu_cycles=0)
    for records, times in run.times():
        for block, _, op, start, end, moved, reason in records:
            if block == "dram":
                actions["dram_bytes"] += times * moved
            elif block == "sram":
                actions["sram_bytes"] += times * moved
            elif block == "host" and reason != OTHER_WORK:  # waiting for memory is CPU time
                kind = "handoff_cycles" if run.ops[op].kind == "handoff" else "cpu_cycles"
                actions[kind] += times * (end - start)
    return actions


def _mac_int8(program: Program) -> int:
    """Multiplications of 8 x 8 bits, the unit.

    A 16-bit input takes two. A 4-bit weight takes one: it is widened on its way in, and no preset's array splits a
    multiplier, so that it saves bytes and no multiplications.
    """
    products = [(program.commands[first], tiles) for first, tiles in program.stretches]
    return sum(
        tiles * c.m * c.n * c.k * ceil_div(c.input_bits, 8) for c, tiles in products if isinstance(c, MatmulCommand)
    )


def _elements(program: Program) -> int:
    return sum(c.elements for c in program.commands if isinstance(c, ElementCommand))
