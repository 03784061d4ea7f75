"""One invocation's records -> what each block and each operation spent. Tallies add and repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nnasim.analysis.intervals import Interval, length, total, union
from nnasim.ir.program import BLOCKS, NNA_BLOCKS, Block, ElementCommand, HostCommand, MatmulCommand, OpInfo, Program
from nnasim.ir.run import OTHER_WORK, ProgramRun, Record
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
    """Sums over invocations: cycles, busy and stalled cycles by block, operations, and counts of actions."""

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
    """(run, how often) of runs of one program that went alike, in order of first appearance: one of them is looked at.

    Identity is asked first, since a replayed run is one object and comparing records costs as much as counting them.
    """
    objects: dict[int, tuple[ProgramRun, int]] = {}
    for run in runs:
        objects[id(run)] = (run, objects.get(id(run), (run, 0))[1] + 1)
    equal: dict[tuple[int, tuple[Record, ...], tuple[OpInfo, ...]], tuple[ProgramRun, int]] = {}
    for run, count in objects.values():
        key = (id(run.program), run.records, run.guests)
        equal[key] = (run, equal.get(key, (run, 0))[1] + count)
    return list(equal.values())


def tally_all(counted: Iterable[tuple[ProgramRun, int]]) -> Tally:
    """The sums of runs, each as often as it happened."""
    total = Tally()
    for run, count in counted:
        total.add(tally(run), count)
    return total


def tally(run: ProgramRun) -> Tally:
    """The sums of one invocation. One pass over its records: a paper-sized frame has 11,500 of them."""
    sums = Tally(cycles=run.cycles)
    tallies = [OpTally(info, count=1) for info in run.program.ops] + [OpTally(info) for info in run.guests]
    works: dict[Block, list[Interval]] = {block: [] for block in BLOCKS}
    waits: dict[Block, list[Interval]] = {block: [] for block in BLOCKS}
    for block, _, index, start, end, moved, reason in run.records:
        op = tallies[index]
        (waits if reason else works)[block].append((start, end))
        if block == op.info.block:
            if reason:
                op.stall_cycles += end - start
            else:
                op.cycles += end - start
        if block == "dram":
            op.bytes += moved
    _add_blocks(sums, works, waits)
    _add_ops(sums, run.program, tallies)
    sums.actions = actions_of(run)
    return sums


def _add_blocks(sums: Tally, works: dict[Block, list[Interval]], waits: dict[Block, list[Interval]]) -> None:
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
    for index, macs in _macs(program):
        tallies[index].macs += macs
    for op in tallies:
        sums.ops.setdefault((op.info.graph, op.info.name), OpTally(op.info)).add(op)


def _macs(program: Program) -> list[tuple[int, int]]:
    array = [(c.op, c.m * c.n * c.k) for c in program.commands if isinstance(c, MatmulCommand)]
    return array + [(c.op, c.macs) for c in program.commands if isinstance(c, HostCommand) and c.macs]


def actions_of(run: ProgramRun) -> Counter[str]:
    """Counts of one invocation that the energy table prices."""
    mac_int8 = elements = 0
    for command in run.program.commands:
        if isinstance(command, MatmulCommand):
            # An 8 x 8 multiplier is the unit; a 16-bit input takes two. A 4-bit weight takes one: it is widened on its
            # way in, and no preset's array splits a multiplier, so that it saves bytes and no multiplications.
            mac_int8 += command.m * command.n * command.k * ceil_div(command.input_bits, 8)
        elif isinstance(command, ElementCommand):
            elements += command.elements
    handoff = {index for index, info in enumerate(run.program.ops) if info.kind == "handoff"}
    host = [r for r in run.records if r.block == "host" and r.reason != OTHER_WORK]  # waiting for memory is CPU time
    return Counter(
        mac_int8=mac_int8,
        element=elements,
        macs=run.program.macs,
        dram_bytes=sum(r.bytes for r in run.records if r.block == "dram"),
        sram_bytes=sum(r.bytes for r in run.records if r.block == "sram"),
        handoffs=run.program.handoffs,
        handoff_cycles=sum(r.end - r.start for r in host if r.op in handoff),
        cpu_cycles=sum(r.end - r.start for r in host if r.op not in handoff),
    )
