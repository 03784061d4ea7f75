"""Call after call on one chip: a policy chooses the stream, the machine gives the time of its call.

Resident weights that others have displaced are loaded before the call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heappop, heappush

from nnasim.compiler.memory_plan import Layout, MemoryPlan
from nnasim.compiler.sharing import Residents, Tenant
from nnasim.hardware import NnaConfig
from nnasim.ir.program import Program
from nnasim.ir.run import ProgramRun
from nnasim.ir.shared import Policy
from nnasim.sharing.holding import FREE_AT_ONCE, Holding, Turns, holding_of
from nnasim.sharing.order import Waiting
from nnasim.sharing.streams import Stream
from nnasim.sim.continuous import Continuous
from nnasim.sim.replay import Replay, replay_is_exact
from nnasim.sim.run import run_program


@dataclass(frozen=True)
class Call:
    """A call that ran from cycle ``start`` on: one step each of ``streams``, by place; no streams for a load of
    weights.
    """

    model: int
    streams: tuple[Stream, ...]
    start: int
    run: ProgramRun

    @property
    def end(self) -> int:
        """The cycle in which it had ended."""
        return self.start + self.run.cycles


@dataclass
class Served:
    """Everything that ran, in order. ``boots``: what was loaded before the first call, by model."""

    streams: Sequence[Stream]
    boots: Sequence[ProgramRun | None]
    calls: list[Call] = field(default_factory=list)
    switches: int = 0

    @property
    def boot_cycles(self) -> int:
        """Cycles before the first call."""
        return sum(run.cycles for run in self.boots if run is not None)

    @property
    def end(self) -> int:
        """The cycle at which the last call has ended."""
        return max(call.end for call in self.calls)

    @property
    def idle_cycles(self) -> int:
        """Cycles in which no call ran; ``calls`` are in the order in which they began."""
        idle = reached = 0
        for call in self.calls:
            idle += max(0, call.start - reached)
            reached = max(reached, call.end)
        return idle

    def runs_of(self, model: int) -> list[ProgramRun]:
        """Every run for ``model``: loads and calls, a batch as one."""
        boot = self.boots[model]
        return [*([boot] if boot else []), *(call.run for call in self.calls if call.model == model)]

    def batches_of(self, model: int) -> Counter[int]:
        """The number of calls of ``model`` that served each number of streams."""
        return Counter(len(call.streams) for call in self.calls if call.model == model and call.streams)


def serve(
    tenants: Sequence[Tenant],
    streams: Sequence[Stream],
    policy: Policy,
    residents: Residents,
    known: KnownRuns | None = None,
) -> Served:
    """Everything that ran when each call of ``streams`` was served by ``policy``.

    ``known``: what earlier runs on the same chip computed. Raises SimulationError.
    """
    chip = tenants[0].compiled.chip
    loads = [tenant.compiled.boot() for tenant in tenants]
    together = residents == "together"
    boots = [run_program(load, chip) if load and together else None for load in loads]
    served = Served(streams, boots)
    sram = ResidentWeights(tenants, [None] * len(tenants) if together else loads)
    runner = Replays(chip, {} if known is None else known) if replay_is_exact(chip) else _Continuous(chip)
    _Server(tenants, chip, sram, runner, served).run(policy)
    return served


class ResidentWeights:
    """The model whose resident weights are in SRAM, if models take turns. ``loads``: the program that loads each
    model's.
    """

    def __init__(self, tenants: Sequence[Tenant], loads: Sequence[Program | None]) -> None:
        self._plans = [tenant.compiled.memory for tenant in tenants]
        self._sram_bytes = tenants[0].compiled.chip.sram.bytes
        self._loads = loads
        self._held: set[int] = set()

    def lacking(self, model: int) -> Program | None:
        """The program that must load weights before ``model`` runs; None if they are loaded."""
        stands = model in self._held and self._fits(self._held | {model})
        return None if stands else self._loads[model]

    def needed(self, model: int) -> Program | None:
        """The program that ``lacking`` gives, now that ``model`` is to run.

        If all weights do not fit beside each other and the buffers, those of other models are displaced.
        """
        load = self.lacking(model)
        if not self._fits(self._held | {model}):
            self._held.clear()
        if load is not None:
            self._held.add(model)
        return load

    def _fits(self, models: set[int]) -> bool:
        plans = [self._plans[model] for model in models]
        buffers = max(plan.buffers * plan.buffer_bytes for plan in plans)
        return plans[0].working_set + buffers + sum(plan.resident_bytes for plan in plans) <= self._sram_bytes


class _Server:
    """Serves call after call. ``last``: the model that has last worked on the chip; ``free``: when chip and CPU are."""

    def __init__(
        self,
        tenants: Sequence[Tenant],
        chip: NnaConfig,
        sram: ResidentWeights,
        runner: Replays | _Continuous,
        served: Served,
    ) -> None:
        self.sram, self.runner, self.served = sram, runner, served
        self.most = chip.compiler.batch_streams
        self.programs = [_Programs(tenant) for tenant in tenants]
        self.plans = [tenant.compiled.memory for tenant in tenants]
        self.now, self.free = 0, FREE_AT_ONCE
        self.last: int | None = None

    def run(self, policy: Policy) -> None:
        """Serve everything."""
        waiting = Waiting(policy)
        to_come = [(stream.earliest, stream.place) for stream in self.served.streams]
        heapify(to_come)
        while waiting or to_come:
            while to_come and to_come[0][0] <= self.now:
                waiting.add(self.served.streams[heappop(to_come)[1]])
            members = waiting.take(self.most, partial(self._may_begin, Turns(self.now, self.free)))
            if not members:
                events = (*self.free, *(cycle for cycle, _ in to_come[:1]))
                self.now = min(cycle for cycle in events if cycle > self.now)
                continue
            end = self._serve(members)
            for stream in members:
                if not stream.has_ended:
                    heappush(to_come, (max(end, stream.earliest), stream.place))

    def _program(self, first: Stream, number: int) -> Program:
        return self.programs[first.model].of(first.step.program, number)

    def _may_begin(self, turns: Turns, first: Stream, number: int) -> bool:
        """Whether the next call of ``first``, and so many alike, may begin now, with what it needs loaded before it."""
        model = first.model
        holding = self._holding(model, number, self._program(first, number))
        load = self.sram.lacking(model) if holding.chip and model != self.last else None
        return turns.may_begin(holding.later(self._holding(model, 0, load).chip) if load else holding)

    def _holding(self, model: int, number: int, program: Program) -> Holding:
        return self.runner.holding((model, number), self.plans[model], program)

    def _serve(self, members: Sequence[Stream]) -> int:
        """Serve the next call of ``members``, now; returns when it has ended."""
        model, number, start = members[0].model, len(members), self.now
        program = self._program(members[0], number)
        if model != self.last and self._holding(model, number, program).chip:
            start += self._switch(model)
        place = len(self.served.calls)
        run = self._run(model, tuple(members), program, start)
        holding = self._holding(model, number, program)
        self.free = Holding(*(start + held if held else free for held, free in zip(holding, self.free, strict=True)))
        for stream in members:
            stream.serve(start, run, place)
        return start + run.cycles

    def _switch(self, model: int) -> int:
        """Turn the chip over to ``model``; returns for how long its weights are loaded."""
        self.served.switches += self.last is not None
        self.last, load = model, self.sram.needed(model)
        return 0 if load is None else self._run(model, (), load, self.now).cycles

    def _run(self, model: int, streams: tuple[Stream, ...], program: Program, start: int) -> ProgramRun:
        run = self.runner.run((model, len(streams)), self.plans[model], program, start)
        self.served.calls.append(Call(model, streams, start, run))
        return run


class _Programs:
    """The programs of one model, for one stream or several at a time."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._known: dict[tuple[int, int], Program] = {}

    def of(self, program: Program, streams: int) -> Program:
        """``program``, which is one stream's, for so many streams at once."""
        if streams == 1:
            return program
        key = (id(program), streams)
        if key not in self._known:
            self._known[key] = self.tenant.sizes.program(program, streams, self.tenant.compiled.memory)
        return self._known[key]


Kind = tuple[int, int]
"""(model, how many streams at once; 0: weights are loaded): within one plan, graph and crossings name a program."""
KnownRuns = dict[tuple[Kind, Layout], Replay]


class Replays:
    """Each distinct program, run once for all its runs; ``known`` keeps the runs for later simulations."""

    def __init__(self, chip: NnaConfig, known: KnownRuns) -> None:
        self._chip, self._known = chip, known
        self._holdings: dict[int, Holding] = {}  # by identity of the run, which is kept
        self._of_program: dict[int, ProgramRun] = {}  # by identity: hashing a program's crossings takes longer

    def run(self, kind: Kind, memory: MemoryPlan, program: Program, start: int) -> ProgramRun:
        """The run of ``program``, whenever it starts."""
        run = self._of_program.get(id(program))
        if run is None:
            replay = self._known.setdefault((kind, memory.layout), Replay(partial(run_program, chip=self._chip)))
            run = self._of_program[id(program)] = replay.run_program(program)
        return run

    def holding(self, kind: Kind, memory: MemoryPlan, program: Program) -> Holding:
        """The time for which ``program`` holds chip and CPU."""
        run = self.run(kind, memory, program, 0)
        if id(run) not in self._holdings:
            self._holdings[id(run)] = holding_of(run)
        return self._holdings[id(run)]


class _Continuous:
    """Every program at its own time, which is not known before: it holds chip and CPU until it ends."""

    def __init__(self, chip: NnaConfig) -> None:
        self._machine, self._length = Continuous(chip), 1

    def run(self, kind: Kind, memory: MemoryPlan, program: Program, start: int) -> ProgramRun:
        """The run of ``program`` from cycle ``start`` on."""
        run = self._machine.run(program, start)
        self._length = max(run.cycles, 1)
        return run

    def holding(self, kind: Kind, memory: MemoryPlan, program: Program) -> Holding:
        """Chip and CPU, for as long as the last run took. Before a program begins, only that it needs both counts."""
        return Holding(self._length, self._length)
