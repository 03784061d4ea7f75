"""What was measured: rows that a chip can be asked about. A row knows how to predict itself on a chip."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nnasim.compiler import CompiledTrace
from nnasim.compiler.reads import seen_by_compiler
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate_compiled
from nnasim.results import SimOptions
from nnasim.sweeps.objectives import chip_figures, meaning_of
from workloads.importers.measured_table import Cells, MeasuredRow
from workloads.validation import vela
from workloads.validation.prediction import TableKind

MOST_VIEWS = 8  # programs that are kept of a trace, one for each set of values that the compiler reads
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
CYCLES = "cycles"


class Run(Protocol):
    """What a row ran."""

    def cycles(self, chip: NnaConfig, simulated: dict[Hashable, SimResult]) -> float:
        """Core cycles on ``chip``. ``simulated``: what other rows have simulated on it already, added to in place."""
        ...


@dataclass(frozen=True)
class Measurement:
    """One row: where it stands, what it ``ran``, how long that took, and in which ``unit`` (of time, or cycles)."""

    row: MeasuredRow
    name: str
    ran: Run
    measured: float
    unit: str

    def predicted(self, chip: NnaConfig, simulated: dict[Hashable, SimResult]) -> float:
        """What ``chip`` takes, in the row's own unit."""
        cycles = self.ran.cycles(chip, simulated)
        return cycles if self.unit == CYCLES else cycles / chip.clock_hz / SECONDS[self.unit]

    def whole_cycle(self, chip: NnaConfig) -> float:
        """One core cycle in the row's own unit: no prediction is finer."""
        return 1.0 if self.unit == CYCLES else 1 / chip.clock_hz / SECONDS[self.unit]


class Programs:
    """A trace, compiled once for all chips on which the compiler sees the same."""

    def __init__(self, trace: OpTrace) -> None:
        self.trace = trace
        self._compiled: OrderedDict[Hashable, CompiledTrace] = OrderedDict()

    def on(self, chip: NnaConfig) -> CompiledTrace:
        """The trace's programs for ``chip``. Raises PlacementError."""
        view = seen_by_compiler(chip)
        if view not in self._compiled:
            self._compiled[view] = CompiledTrace(self.trace, chip)
            while len(self._compiled) > MOST_VIEWS:
                self._compiled.popitem(last=False)
        return self._compiled[view].on(chip)


@dataclass(frozen=True)
class TraceRun:
    """A trace on the chip, with ``settings`` of its own: dotted field -> value. ``figure``: what was timed."""

    programs: Programs
    figure: str
    settings: Mapping[str, Any]

    def cycles(self, chip: NnaConfig, simulated: dict[Hashable, SimResult]) -> float:
        """The figure on ``chip``."""
        own = chip.with_(self.settings, "row") if self.settings else chip
        key = id(self.programs), tuple(self.settings.items())
        if key not in simulated:
            simulated[key] = simulate_compiled(self.programs.on(own), SimOptions(timeline=False))
        value = chip_figures([simulated[key]], own, [self.figure])[self.figure]
        assert isinstance(value, int | float)
        return value if meaning_of(self.figure)[0] == CYCLES else value * 1e-3 * own.clock_hz


# What a table of a memory in cycles says of it, and what a chip says instead.
MEMORY: dict[str, tuple[frozenset[str], Callable[[NnaConfig, MeasuredRow], str]]] = {
    "read_latency": (
        frozenset({"dram.read_latency_ns", "clock_hz"}),
        lambda chip, row: str(chip.dram_latency_cycles),
    ),
    "cycles_per_read_beat": (
        frozenset({"dram.bytes_per_second", "dram.efficiency", "dram.cpu_share", "clock_hz"}),
        lambda chip, row: repr(max(1.0, float(row.integer("bus_bytes") / chip.dram_bytes_per_cycle))),  # the bus's own
    ),
    "max_outstanding_reads": (
        frozenset({"dma.outstanding_bursts"}),
        lambda chip, row: str(chip.dma.outstanding_bursts),
    ),
}
VELA_RATE = frozenset({"dram.bytes_per_second", "dram.efficiency", "dram.cpu_share", "clock_hz"})


@dataclass(frozen=True)
class PipelineRun:
    """A row of a table with a memory in cycles, by the table's own model; ``of_chip``: columns that the chip decides."""

    row: MeasuredRow
    kind: TableKind
    of_chip: tuple[str, ...]
    _known: dict[tuple[str, ...], int] = field(default_factory=dict, compare=False, repr=False)

    def cycles(self, chip: NnaConfig, simulated: dict[Hashable, SimResult]) -> float:
        """The row's prediction with the chip's memory; once for all chips with the same one."""
        memory = tuple(MEMORY[column][1](chip, self.row) for column in self.of_chip)
        if memory not in self._known:
            cells = {**self.row.cells, **dict(zip(self.of_chip, memory, strict=True))}
            row = MeasuredRow(self.row.source, self.row.line, Cells(cells, cells.values()))
            self._known[memory] = self.kind.predict(row).simulated
        return self._known[memory]


@dataclass(frozen=True)
class NetworkRun:
    """A row of Vela's, by its bottlenecks; ``of_chip``: whether the rate of its memory is the chip's."""

    row: MeasuredRow
    of_chip: bool

    def cycles(self, chip: NnaConfig, simulated: dict[Hashable, SimResult]) -> float:
        """The row's prediction with the chip's rate, or its own."""
        return vela.predict(self.row, float(chip.dram_bytes_per_cycle) if self.of_chip else None).simulated
