"""What running programs recorded. Frozen records; made by sim, read by analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nnasim.ir.program import Block, OpInfo, Program

# Longest invocation that is believed: about half an hour at 500 MHz. A program that runs longer is broken.
WATCHDOG_CYCLES = 10**12

# Reasons of stalls that more than one room speaks of.
OTHER_WORK = "other work on the CPU"  # the CPU works for somebody else
LATE_WEIGHTS = "weights not there yet"  # until the DMA has ended a transfer
NO_BUFFER = "no free weight buffer"  # until a compute block has given one back
FIRST_BYTE = "first byte from the DRAM"
SRAM_PORT = "SRAM port"
BUS = "CPU's reads on the DRAM bus"
FEW_BURSTS = "DMA's bursts in flight"  # the DRAM's bus was held back by the DMA's own rate
CPU_WEIGHTS = "weights from the DRAM"


class Record(NamedTuple):
    """One interval of a block, in cycles: work on operation ``op``, or a stall with its ``reason``.

    ``op``: index into ``Program.ops``; ``track``: which of a block's parallel parts (DMA channel, SRAM port, reader of
    the DRAM); ``bytes``: moved in the interval. A tuple, since a paper-sized frame makes 8,000 of them: it is made,
    compared and hashed in a fraction of a data class's time.
    """

    block: Block
    track: int
    op: int
    start: int
    end: int
    bytes: int = 0
    reason: str = ""

    @property
    def is_stall(self) -> bool:
        """Whether the block waited."""
        return bool(self.reason)


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """What one execution of a program did: its length in cycles, and its records, counted from its start.

    ``guests``: operations of the call after it whose weights were fetched until that began; in records their indices
    follow those of the program's own.
    """

    program: Program
    cycles: int
    records: tuple[Record, ...]
    guests: tuple[OpInfo, ...] = ()

    @property
    def ops(self) -> tuple[OpInfo, ...]:
        """The operations that records name."""
        return self.program.ops + self.guests


@dataclass(frozen=True, slots=True)
class Step:
    """One program of an utterance: not before cycle ``earliest``, on behalf of ``frames`` frames from ``frame`` on."""

    program: Program
    earliest: int
    frame: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class StepRun:
    """When a step ran, in cycles from the utterance's start, and what it did."""

    step: Step
    start: int
    run: ProgramRun

    @property
    def end(self) -> int:
        """The cycle in which the step had ended."""
        return self.start + self.run.cycles
