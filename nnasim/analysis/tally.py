"""One invocation's records -> what each block and each operation spent. Tallies add and repeat."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from nnasim.analysis.intervals import Interval, length, union
from nnasim.ir.program import BLOCKS, NNA_BLOCKS, Block, HostCommand, MatmulCommand, OpInfo, Program
from nnasim.ir.run import InvocationRun, Record

MOVERS = ("dram", "host")  # the blocks whose records say which bytes left DRAM


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
        for mine, theirs in ((self.busy, other.busy), (self.stall, other.stall), (self.actions, other.actions)):
            for key, value in theirs.items():
                mine[key] += times * value
        for name, op in other.ops.items():
            self.ops.setdefault(name, OpTally(op.info)).add(op, times)


def tally(run: InvocationRun) -> Tally:
    """The sums of one invocation."""
    by_block: dict[Block, list[Record]] = {block: [] for block in BLOCKS}
    for record in run.records:
        by_block[record.block].append(record)
    sums, busy = Tally(cycles=run.cycles), dict[Block, list[Interval]]()
    for block, records in by_block.items():
        busy[block] = union((r.start, r.end) for r in records if not r.reason)
        sums.busy[block] = length(busy[block])
        # A block stalls while some part of it waits and none works.
        waits = [(r.start, r.end) for r in records if r.reason]
        sums.stall[block] = length([*busy[block], *waits]) - sums.busy[block] if waits else 0
    sums.nna_cycles = length(interval for block in NNA_BLOCKS for interval in busy[block])
    _add_ops(sums, run)
    _add_actions(sums, run)
    return sums


def _add_ops(sums: Tally, run: InvocationRun) -> None:
    found = [OpTally(info, count=1) for info in run.program.ops]
    for record in run.records:
        op = found[record.op]
        if record.block == op.info.block:
            if record.reason:
                op.stall_cycles += record.end - record.start
            else:
                op.cycles += record.end - record.start
        if record.block in MOVERS:
            op.bytes += record.bytes
    for index, macs in _macs(run.program):
        found[index].macs += macs
    for op in found:
        sums.ops.setdefault((op.info.graph, op.info.name), OpTally(op.info)).add(op)


def _macs(program: Program) -> list[tuple[int, int]]:
    array = [(c.op, c.m * c.n * c.k) for c in program.commands if isinstance(c, MatmulCommand)]
    return array + [(c.op, c.macs) for c in program.commands if isinstance(c, HostCommand) and c.macs]


def _add_actions(sums: Tally, run: InvocationRun) -> None:
    """Counts that the energy table prices."""
    for command in run.program.commands:
        if isinstance(command, MatmulCommand):
            # An 8 x 8 multiplier is the unit; a 16-bit operand takes two of them.
            sums.actions["mac_int8"] += command.m * command.n * command.k * max(1, command.input_bits // 8)
        elif hasattr(command, "elements") and run.program.ops[command.op].unit == "nna":
            sums.actions["element"] += command.elements
    sums.actions["macs"] = sum(macs for _, macs in _macs(run.program))
    sums.actions["dram_bytes"] = sum(r.bytes for r in run.records if r.block in MOVERS)
    sums.actions["sram_bytes"] = sum(r.bytes for r in run.records if r.block == "sram")
    sums.actions["handoffs"] = run.program.handoffs
    handoff = {index for index, info in enumerate(run.program.ops) if info.kind == "handoff"}
    host = [r for r in run.records if r.block == "host"]
    sums.actions["handoff_cycles"] = sum(r.end - r.start for r in host if r.op in handoff)
    sums.actions["cpu_cycles"] = sum(r.end - r.start for r in host if r.op not in handoff)
