"""Chains of operations with a host between them: register writes before each one, an interrupt behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nnasim.sim.nvdla.layer import Layer, Memory
from nnasim.sim.nvdla.passes import Pass, run_pass
from nnasim.sim.nvdla.pipeline import FULL_CONFIGURATION, LayerTiming, run_layer

HostMode = Literal["one", "pingpong"]

# measured: how much earlier, or later, than if it had been enabled then, an operation begins that waits for a block
READS_AFTER_CONVOLUTION = 38  # its reads, for the last read of the convolution before
OPERANDS_AFTER_TAKEN = 27  # its operands, for the last burst of the pass before to enter the engines
OPERANDS_AFTER_ROW = -2  # the same where a product was before, whose last row but one then leaves
CONVOLUTION_ENABLE = 12  # cycles that a product's blocks, farther from the host, take to start beside their writes
ENGINES_BEFORE_WRITE = 16  # its first burst may enter so many cycles before the last write of the one before


@dataclass(frozen=True)
class Host:
    """The cost of the host's part, in cycles of the accelerator.

    ``groups``: register groups of each block. With 2, the next operation's registers are written while one runs
    ("ping-pong"), and an operation that needs nothing of the one before is enabled while that one still runs.
    """

    cycles_per_write: float
    cycles_per_interrupt: float
    groups: int = 1


@dataclass(frozen=True)
class Operation:
    """One operation of a chain.

    ``needs``: which operations must have ended, counted backwards from this one (1: the one before). ``registers``:
    writes that configure it, ``enables``: writes that start its blocks. ``table``: the one that it looks up.
    """

    name: str
    work: Layer | Pass
    needs: tuple[int, ...]
    registers: int
    enables: int
    table: str | None = None


@dataclass(frozen=True)
class OperationTiming:
    """The times at which an operation was enabled and its interrupt came, in cycles from the start of the chain."""

    enabled: float
    interrupt: float

    @property
    def cycles(self) -> float:
        """The cycles from the last register write to the interrupt."""
        return self.interrupt - self.enabled


class Blocks:
    """The accelerator: when its blocks are free for the next operation."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._known: dict[Layer, LayerTiming] = {}  # a product takes the same in every step
        self._convolution = self._operands = self._engines = -math.inf

    def run(self, work: Layer | Pass, enabled: float) -> float:
        """The cycle of the interrupt of ``work``, which runs from ``enabled`` on."""
        return self._product(work, enabled) if isinstance(work, Layer) else self._pass(work, enabled)

    def _product(self, layer: Layer, enabled: float) -> float:
        start = max(enabled, self._convolution)
        if layer not in self._known:
            self._known[layer] = run_layer(layer, self.memory, FULL_CONFIGURATION)
        timing = self._known[layer]
        self._convolution = start + timing.last_read + READS_AFTER_CONVOLUTION
        if layer.path.operands:
            self._operands = start + timing.operands_taken + OPERANDS_AFTER_ROW
        self._engines = start + timing.last_write - ENGINES_BEFORE_WRITE
        return start + timing.total

    def _pass(self, elementwise: Pass, enabled: float) -> float:
        start = max(enabled, self._operands)
        timing = run_pass(elementwise, self.memory, self._engines - start)
        self._operands = start + timing.last_taken + OPERANDS_AFTER_TAKEN
        self._engines = start + timing.last_write - ENGINES_BEFORE_WRITE
        return start + timing.total


def run_chain(operations: Sequence[Operation], memory: Memory, host: Host) -> list[OperationTiming]:
    """The timing of each of ``operations``, run in their order.

    Timing law: the host does one thing at a time. It writes an operation's registers when a group is free, after the
    interrupt of the operation that had it, which costs ``cycles_per_interrupt``. With one group that is the operation
    before; with two, the one before that. It starts the operation's blocks when what it needs has ended; an operation
    with another table than the last one waits for that one to end, since the tables' registers are not doubled.
    """
    blocks, timings, table, host_free = Blocks(memory), list[OperationTiming](), None, 0.0
    for index, operation in enumerate(operations):
        switches = operation.table is not None and operation.table != table
        table = operation.table or table
        needs = {*operation.needs, *({1} if switches else ())}
        before = [timings[index - back].interrupt for back in needs if index >= back]
        enables = (operation.enables + switches) * host.cycles_per_write
        if isinstance(operation.work, Layer):
            enables += CONVOLUTION_ENABLE
        written = host_free
        if index >= host.groups:
            freed = timings[index - host.groups].interrupt
            writes = operation.registers + host.groups * operation.enables  # two groups: which one, before each enable
            written = max(host_free, freed) + host.cycles_per_interrupt + (writes + switches) * host.cycles_per_write
        elif index:
            written = host_free + enables
        ready = max(before, default=0.0)
        enabled = written if written >= ready else ready + enables
        host_free = enabled
        timings.append(OperationTiming(enabled, blocks.run(operation.work, enabled)))
    return timings
