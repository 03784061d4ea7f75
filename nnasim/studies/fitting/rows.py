"""Measured rows, and the prediction of each on a chip."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nnasim.analysis.percentiles import percentiles
from nnasim.compiler.reads import seen_by_compiler
from nnasim.fast_latency import Schedule, cost, schedule
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
ENGINE_LATENCY = "engine_latency_ms"


class Trial:
    """A chip for which rows are predicted, and what has been simulated on it already: rows may share a run."""

    def __init__(self, chip: NnaConfig) -> None:
        self.chip = chip
        self._chips: dict[Hashable, NnaConfig] = {(): chip}
        self._results: dict[Hashable, SimResult] = {}

    def with_(self, settings: Mapping[str, Any]) -> NnaConfig:
        """The chip with a row's own ``settings``."""
        key = tuple(settings.items())
        if key not in self._chips:
            self._chips[key] = self.chip.with_(settings, "row")
        return self._chips[key]

    def result(self, programs: Programs, settings: Mapping[str, Any]) -> SimResult:
        """The run of a trace. Raises PlacementError or SimulationError."""
        key = id(programs), tuple(settings.items())
        if key not in self._results:
            plan = programs.on(self.with_(settings))
            self._results[key] = simulate_compiled(plan.compiled.on(self.with_(settings)), SimOptions(timeline=False))
        return self._results[key]


class Run(Protocol):
    """The trace or product that a row ran."""

    def cycles(self, trial: Trial) -> float:
        """Core cycles on the chip of ``trial``."""
        ...

    def clock_hz(self, trial: Trial) -> float:
        """The clock of these cycles [Hz]."""
        ...


@dataclass(frozen=True)
class Measurement:
    """One row: its place in the table, the work that it ``ran``, the time that it took, and its ``unit`` (of time, or
    cycles).
    """

    row: MeasuredRow
    name: str
    ran: Run
    measured: float
    unit: str

    def predicted(self, trial: Trial) -> float:
        """The time that the chip of ``trial`` takes, in the row's own unit."""
        cycles = self.ran.cycles(trial)
        return cycles if self.unit == CYCLES else cycles / self.ran.clock_hz(trial) / SECONDS[self.unit]

    def whole_cycle(self, chip: NnaConfig) -> float:
        """One core cycle in the row's own unit: no prediction is finer."""
        return 1.0 if self.unit == CYCLES else 1 / chip.clock_hz / SECONDS[self.unit]


class Programs:
    """A trace, compiled once for all chips on which the compiler sees the same."""

    def __init__(self, trace: OpTrace) -> None:
        self.trace = trace
        self._schedules: OrderedDict[Hashable, Schedule] = OrderedDict()

    def on(self, chip: NnaConfig) -> Schedule:
        """The trace's programs in their order for chips like ``chip``. Raises PlacementError."""
        view = seen_by_compiler(chip), chip.clock_hz
        if view not in self._schedules:
            self._schedules[view] = schedule(self.trace, chip)
            while len(self._schedules) > MOST_VIEWS:
                self._schedules.popitem(last=False)
        return self._schedules[view]


@dataclass(frozen=True)
class TraceRun:
    """A trace on the chip, with ``settings`` of its own: dotted field -> value. ``figure``: what was timed."""

    programs: Programs
    figure: str
    settings: Mapping[str, Any]

    def cycles(self, trial: Trial) -> float:
        """The figure on the chip. An engine latency needs no result, which takes as long as the run itself."""
        own = trial.with_(self.settings)
        name, _, rank = self.figure.partition(".")
        if name == ENGINE_LATENCY:
            latencies = cost(self.programs.on(own), own).engine_latency_ms
            return percentiles(latencies)[rank] * 1e-3 * own.clock_hz
        value = chip_figures([trial.result(self.programs, self.settings)], own, [self.figure])[self.figure]
        assert isinstance(value, int | float)
        return value if meaning_of(self.figure)[0] == CYCLES else value * 1e-3 * own.clock_hz

    def clock_hz(self, trial: Trial) -> float:
        """The clock of the cycles [Hz], which a row's settings may change."""
        return trial.with_(self.settings).clock_hz


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
    """A row of a table with a memory in cycles, by its own model; ``of_chip``: columns that the chip decides."""

    row: MeasuredRow
    kind: TableKind
    of_chip: tuple[str, ...]
    _known: dict[tuple[str, ...], int] = field(default_factory=dict, compare=False, repr=False)

    def cycles(self, trial: Trial) -> float:
        """The row's prediction with the chip's memory; once for all chips with the same one."""
        memory = tuple(MEMORY[column][1](trial.chip, self.row) for column in self.of_chip)
        if memory not in self._known:
            cells = {**self.row.cells, **dict(zip(self.of_chip, memory, strict=True))}
            row = MeasuredRow(self.row.source, self.row.line, Cells(cells, cells.values()))
            self._known[memory] = self.kind.predict(row).simulated
        return self._known[memory]

    def clock_hz(self, trial: Trial) -> float:
        """The chip's own."""
        return trial.chip.clock_hz


@dataclass(frozen=True)
class NetworkRun:
    """A row of Vela's, by its bottlenecks; ``of_chip``: whether the rate of its memory is the chip's."""

    row: MeasuredRow
    of_chip: bool

    def cycles(self, trial: Trial) -> float:
        """The row's prediction with the chip's rate, or its own."""
        return vela.predict(self.row, float(trial.chip.dram_bytes_per_cycle) if self.of_chip else None).simulated

    def clock_hz(self, trial: Trial) -> float:
        """The chip's own."""
        return trial.chip.clock_hz
