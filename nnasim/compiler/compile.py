"""OpTrace + NnaConfig -> CompiledTrace: the programs of every call, made when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from typing import NamedTuple, TypeVar, cast

from nnasim.compiler import constraints
from nnasim.compiler.agreement import refuse_disagreement
from nnasim.compiler.allocate import Allocation, peak_bytes
from nnasim.compiler.chunking import chunked
from nnasim.compiler.dram_plan import dram_addresses
from nnasim.compiler.handoffs import result_is_on_nna, result_tensors
from nnasim.compiler.lower import LoweringContext, lower, lower_boot, lower_return
from nnasim.compiler.memory_plan import MemoryPlan, latency_hidden, plan_memory, refuse_working_set
from nnasim.compiler.placement import fused_ops, place, wanted_units
from nnasim.compiler.reads import seen_beside_cache
from nnasim.compiler.score_board import sharing_of
from nnasim.compiler.weights import WeightUse, read_whole, weight_uses
from nnasim.compiler.working_set import (
    Units,
    activation_map,
    arena_bytes,
    inside_array,
    largest_of,
    lasting_bytes,
    spread_map,
)
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.order import views_of
from nnasim.ir.program import Holders, Program
from nnasim.ir.trace import OpTrace

ValueT = TypeVar("ValueT")
Divide = Callable[[NnaConfig, int, Mapping[str, WeightUse]], MemoryPlan]
"""(chip, bytes of the working set, weights by name) -> what stands where; PlacementError for what does not fit."""

AT_START: Holders = ()  # an utterance opens with zero states, which both units hold


class CompiledTrace:
    """A trace made ready for one chip. Programs depend on the graph and on who holds what, so both are the key.

    ``given``: the trace as it came; ``trace``: the one that runs, in chunks if the chip's compiler is to make them.
    ``divide``: how the SRAM is divided, for a trace that shares it.
    """

    def __init__(self, given: OpTrace, chip: NnaConfig, divide: Divide = plan_memory) -> None:
        self.given, self.chip = given, chip
        frames = chip.compiler.chunk_frames
        if frames > 1:
            place(given, chip)  # refuses a malformed trace before it is taken apart
        chunked_trace = chunked(given, frames)
        self.trace, self.frames, self.origin = chunked_trace.trace, chunked_trace.frames, chunked_trace.origin
        self.heard = chunked_trace.heard
        try:
            plan = _plan(self.trace, chip, divide)
        except PlacementError as error:
            _refuse_chunk(given, chip, error)
            raise
        self.units, self.fused, self.uses, self.memory, self.arena_bytes = plan
        self.addresses = dram_addresses(self.trace, chip, self.units, self.uses, self.memory)
        self._activations: dict[str, tuple[Allocation, ...]] = {}
        self.cpu_weight_bytes = self._cpu_weight_bytes()
        self._results = result_tensors(self.trace)
        self._programs: dict[tuple[str, Holders], Program] = {}
        self._shared: dict[str, tuple[Hashable, object]] = {}

    def on(self, chip: NnaConfig) -> CompiledTrace:
        """The same programs on a chip that differs in nothing they depend on."""
        assert self.serves(chip), "the compiler reads what they differ in"
        other = copy(self)
        other.chip = chip
        return other

    def serves(self, chip: NnaConfig) -> bool:
        """Whether ``chip`` runs the same programs."""
        streams = self.cpu_weight_bytes > chip.host.cache_bytes
        return streams == self.cpu_streams_weights and seen_beside_cache(chip) == seen_beside_cache(self.chip)

    @property
    def cpu_streams_weights(self) -> bool:
        """Whether the CPU fetches its weights at each use, since its cache does not hold all of them."""
        return self.cpu_weight_bytes > self.chip.host.cache_bytes

    def within(self, memory: MemoryPlan) -> CompiledTrace:
        """The same trace with another plan of the SRAM."""
        other = copy(self)
        other.memory, other._programs, other._shared, other._activations = memory, {}, {}, {}
        other.addresses = dram_addresses(self.trace, self.chip, self.units, self.uses, memory)
        return other

    def as_batches(self, trace: OpTrace, origin: Mapping[str, str]) -> CompiledTrace:
        """``trace``, whose graphs are this one's for several streams at a time, in the same plan of the SRAM.

        ``origin``: for each operation of ``trace`` that is new, the one of this trace.
        """
        other = copy(self)
        other.trace, other.units = trace, place(trace, self.chip)
        other.fused = _fused(trace, other.units)
        other.origin = {name: self.origin.get(old, old) for name, old in origin.items()}
        other.arena_bytes = arena_bytes(trace, other.units, other.fused)
        other._results = result_tensors(trace)
        other._programs, other._shared, other._activations = {}, {}, {}
        return other

    @property
    def fallen(self) -> list[str]:
        """Kinds of operation that the trace wants on the NNA and the chip has no unit for, in order of first use."""
        wanted = wanted_units(self.trace)
        return list(
            dict.fromkeys(
                op.kind
                for name, graph in self.trace.graphs.items()
                for op in graph.ops
                if self.units[name][op.name] != wanted[name][op.name]
            )
        )

    def as_wanted(self) -> CompiledTrace:
        """The programs of a chip that has a unit for everything that the trace wants on it: to count crossings with."""
        other = copy(self)
        other.units = wanted_units(self.trace)
        other.fused = _fused(self.trace, other.units)
        other.uses = weight_uses(self.trace, other.units)
        other._programs = {}
        other._activations = {}
        return other

    def shared(self, what: str, key: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """``make()``, or its last result for the same ``key``; chips that ``on`` made share it.

        One value of each kind is kept: a sweep changes slowly, and memory must not grow.
        """
        entry = self._shared.get(what)
        if entry is None or entry[0] != key:
            entry = self._shared[what] = (key, make())
        return cast(ValueT, entry[1])

    def _cpu_weight_bytes(self) -> int:
        """Bytes of all weights that the CPU works with, of which it reads more than a row."""
        cpu = {
            weight
            for name, graph in self.trace.graphs.items()
            for op in graph.ops
            if self.units[name][op.name] == "cpu"
            for weight in read_whole(self.trace, op)
        }
        return sum(self.trace.tensors[tensor].bytes for tensor in cpu)

    def _context(self, graph: str) -> LoweringContext:
        fused, ops = self.fused.get(graph, set()), self.trace.graphs.get(graph)
        return LoweringContext(
            trace=self.trace,
            chip=self.chip,
            units=self.units.get(graph, {}),
            fused=fused,
            inside=inside_array(ops, fused) if ops else frozenset(),
            views=views_of(ops.ops) if ops else {},
            uses=self.uses,
            memory=self.memory,
            addresses=self.addresses,
            cpu_streams_weights=self.cpu_streams_weights,
            origin=self.origin,
            sharing=sharing_of(self.activations(graph)) if self.chip.sequencer.runs_ahead else None,
        )

    def activations(self, graph: str) -> tuple[Allocation, ...]:
        """The addresses of the activations of ``graph`` in the arena; () for a program that belongs to no graph.

        If commands may overtake each other, the SRAM that the plan leaves free belongs to the arena.
        """
        if graph not in self.trace.graphs:
            return ()
        if graph not in self._activations:
            of_graph = (self.trace, self.trace.graphs[graph], self.units[graph], self.fused[graph])
            if self.chip.sequencer.runs_ahead:
                room = self.arena_bytes + self.chip.sram.bytes - self.memory.total
                self._activations[graph] = spread_map(*of_graph, room)
            else:
                self._activations[graph] = activation_map(*of_graph)
        return self._activations[graph]

    @property
    def spread_bytes(self) -> int:
        """Bytes of SRAM that the arena has beyond what commands one after another need."""
        arena = max((peak_bytes(self.activations(graph)) for graph in self.trace.graphs), default=0)
        return max(0, arena - self.arena_bytes)

    def program(self, graph: str, entry: Holders) -> Program:
        """The program of ``graph`` entered with ``entry``."""
        key = (graph, entry)
        if key not in self._programs:
            self._programs[key] = lower(self._context(graph), graph, entry)
        return self._programs[key]

    def frame_end(self, holders: Holders) -> Program | None:
        """The crossing that a frame's end needs, None if no result stands on the NNA alone."""
        if not result_is_on_nna(self._results, holders):
            return None
        key = ("frame_end", holders)
        if key not in self._programs:
            self._programs[key] = lower_return(self._context("frame_end"), holders)
        return self._programs[key]

    def boot(self) -> Program | None:
        """The program that loads the resident weights; None if there are none."""
        if not self.memory.resident:
            return None
        return lower_boot(self._context("boot"), self.uses)


class _Plan(NamedTuple):
    """The decisions of a compilation: units, fused operations, weights, and the place of each.

    ``arena_bytes``: the part of the working set that serves each graph in turn.
    """

    units: Units
    fused: dict[str, set[str]]
    uses: dict[str, WeightUse]
    memory: MemoryPlan
    arena_bytes: int


def _plan(trace: OpTrace, chip: NnaConfig, divide: Divide = plan_memory) -> _Plan:
    units = place(trace, chip)
    refuse_disagreement(trace, chip, units)
    fused = _fused(trace, units)
    arena = arena_bytes(trace, units, fused)
    uses = weight_uses(trace, units)
    working_set = lasting_bytes(trace, units) + arena
    try:
        memory = divide(chip, working_set, uses)
    except PlacementError:
        if constraints.working_set_fits(chip, working_set):
            raise
        refuse_working_set(chip, working_set, uses, largest_of(trace, units, fused))
    return _Plan(units=units, fused=fused, uses=uses, memory=memory, arena_bytes=arena)


def _fused(trace: OpTrace, units: Units) -> dict[str, set[str]]:
    return {name: fused_ops(trace, graph, units[name]) for name, graph in trace.graphs.items()}


def _refuse_chunk(trace: OpTrace, chip: NnaConfig, error: PlacementError) -> None:
    """Raise PlacementError with the largest possible number of frames in a chunk; do nothing if single frames fail as
    well.
    """
    most = _longest_chunk(trace, chip, lambda _: True)
    if not most:
        return
    roomy = _longest_chunk(trace, chip, lambda plan: latency_hidden(chip, plan.memory, plan.uses) is not False)
    slow = f"slow above {roomy}" if roomy else "slow with any"
    note = "" if roomy == most else f"{slow}, where weight buffers do not cover the DRAM's latency; "
    constraints.refuse(
        constraints.chunk_fits,
        chip.name,
        "compiler.chunk_frames",
        chip.compiler.chunk_frames,
        most=most,
        note=note,
        why=error.allowed,
    )


def _longest_chunk(trace: OpTrace, chip: NnaConfig, good: Callable[[_Plan], bool]) -> int:
    """The largest number of frames in a chunk whose plan exists and is ``good``; 0 if there is none."""
    fits, too_many = 0, chip.compiler.chunk_frames
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        plan = _plan_if_it_fits(trace, chip, middle)
        if plan is not None and good(plan):
            fits = middle
        else:
            too_many = middle
    return fits


def _plan_if_it_fits(trace: OpTrace, chip: NnaConfig, frames: int) -> _Plan | None:
    try:
        return _plan(chunked(trace, frames).trace, chip)
    except PlacementError:
        return None
