"""share(models, chip, options) -> SharedResult: one SRAM plan, every call in the policy's order, put together."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field

import nnasim
from nnasim.analysis.energy import energy_mj
from nnasim.analysis.percentiles import percentiles
from nnasim.analysis.tally import Tally, alike, tally_all
from nnasim.compiler.sharing import Residents, Tenant, planned, tenant
from nnasim.hardware import NnaConfig
from nnasim.ir.io import record_digest
from nnasim.ir.program import BLOCKS
from nnasim.ir.result import BlockTime, SramPlan
from nnasim.ir.shared import (
    MOST_STREAMS,
    Busy,
    ModelShare,
    Percentiles,
    Policy,
    ResidentsChoice,
    SharedResult,
    Starts,
    Switching,
)
from nnasim.ir.trace import OpTrace
from nnasim.ir.workload import workload_of
from nnasim.records import computed
from nnasim.results import op_costs, totals_of
from nnasim.sharing.lateness import frames_of, lateness_of
from nnasim.sharing.serving import KnownRuns, Served, serve
from nnasim.sharing.streams import all_streams, refuse_too_many
from nnasim.sim import not_modelled

NOT_MODELLED = (
    "a call's work on the CPU beside another's on the chip before the last of its own there is done",
    "weights fetched for a call before the call in front of it has ended",
    "where the weights of several models stand in DRAM beside each other: each model's begin at address 0",
)


@dataclass(frozen=True)
class Model:
    """A trace under the name that a result gives it, and how many streams of it there are."""

    name: str
    trace: OpTrace
    streams: int = 1


@dataclass(frozen=True)
class SharingOptions:
    """The settings of a chip that models share.

    ``policy``: whose call is next; the order of the models is that of their priorities, the first goes first.

    ``starts``: when a model's streams begin: ``even``: spread over one frame's period; ``together``: all at once;
    ``random``: each at some point of its first period, the same in every run. ``residents``: how what the SRAM has
    left is used, see ``nnasim.compiler.sharing``; ``fewest_bytes`` tries both. ``deadline_ms``: of every frame; None:
    the arrival of the frame that follows.
    """

    policy: Policy = "fifo"
    starts: Starts = "even"
    residents: ResidentsChoice = "fewest_bytes"
    deadline_ms: float | None = None


@dataclass
class Known:
    """The data that runs of the same models on the same chip share, whatever the number of streams."""

    tenants: dict[int, Tenant] = field(default_factory=dict)
    runs: KnownRuns = field(default_factory=dict)

    def tenant(self, place: int, model: Model, chip: NnaConfig) -> Tenant:
        """``model``, number ``place``, as a tenant; it is compiled when first asked for."""
        if place not in self.tenants:
            self.tenants[place] = tenant(model.name, model.trace, chip, MOST_STREAMS)
        return self.tenants[place].at_most(model.streams, chip.compiler.batch_streams)


@dataclass(frozen=True)
class Sharing:
    """One way to share the chip: the plan of its SRAM, and what ran."""

    residents: Residents
    tenants: Sequence[Tenant]
    served: Served

    @property
    def all_stay(self) -> bool:
        """Whether every weight on the chip is resident."""
        return all(one.resident >= one.compiled.uses.keys() for one in self.tenants)

    @property
    def dram_bytes(self) -> int:
        """Bytes that all models together read, loads included."""
        counted = alike(run for model in range(len(self.tenants)) for run in self.served.runs_of(model))
        return sum(count * run.program.dram_bytes for run, count in counted)


def share(
    models: Sequence[Model],
    chip: NnaConfig,
    options: SharingOptions | None = None,
    known: Known | None = None,
) -> SharedResult:
    """The result of running ``models`` on one ``chip``. ``known``: what earlier runs of the same models on it computed.

    Raises ConfigError for more streams than can be served, PlacementError with what would fit, or SimulationError.
    """
    options = options or SharingOptions()
    sharing, other = least_sharing(models, chip, options, known)
    with computed("the run"):
        return result_of_sharing(models, chip, options, sharing, other)


def least_sharing(
    models: Sequence[Model], chip: NnaConfig, options: SharingOptions, known: Known | None = None
) -> tuple[Sharing, Sharing | None]:
    """(the way to share that ``options`` ask for, or that reads the fewest bytes; the other one if both were tried).

    Raises ConfigError for more than can be served, PlacementError or SimulationError.
    """
    refuse_too_many([model.trace for model in models], [model.streams for model in models])
    known = known or Known()
    tenants = [known.tenant(place, model, chip) for place, model in enumerate(models)]

    def shared(residents: Residents) -> Sharing:
        plan = planned(tenants, chip, residents)
        streams = all_streams(plan, options.starts)
        return Sharing(residents, plan, serve(plan, streams, options.policy, residents, known.runs))

    if options.residents == "in_turn" and len(models) > 1:
        return shared("in_turn"), None
    together = shared("together")
    if options.residents == "together" or len(models) == 1 or together.all_stay:
        return together, None
    in_turn = shared("in_turn")
    return (in_turn, together) if in_turn.dram_bytes < together.dram_bytes else (together, in_turn)


def result_of_sharing(
    models: Sequence[Model], chip: NnaConfig, options: SharingOptions, sharing: Sharing, other: Sharing | None
) -> SharedResult:
    """The record of ``sharing``, and of ``other`` only how many bytes it reads."""
    served = sharing.served
    tallies = [tally_all(alike(served.runs_of(model))) for model in range(len(models))]
    whole = Tally()
    for sums in tallies:
        whole.add(sums)
    cycles = served.boot_cycles + served.end
    energy = energy_mj(chip, whole.actions, cycles)
    kinds = {op.info.kind for op in whole.ops.values()}
    return SharedResult(
        policy=options.policy,
        starts=options.starts,
        preset=chip.name,
        hardware=chip.model_dump(mode="json"),
        hardware_hash=chip.digest(),
        versions={"nnasim": nnasim.__version__, "python": platform.python_version()},
        clock_hz=chip.clock_hz,
        totals=totals_of(whole, cycles, chip.clock_hz, energy),
        boot_cycles=served.boot_cycles,
        idle_cycles=served.idle_cycles,
        blocks={
            block: BlockTime(
                busy=whole.busy[block],
                stall=whole.stall[block],
                idle=cycles - whole.busy[block] - whole.stall[block],
            )
            for block in BLOCKS
        },
        sram_plan=_sram_plan(sharing, chip),
        switching=_switching(sharing, other),
        models=tuple(_share_of(models[place], place, sharing, sums, options) for place, sums in enumerate(tallies)),
        not_modelled=(*NOT_MODELLED, *not_modelled(chip, kinds)),
        energy_mj={part: tuple(spread) for part, spread in energy.items()} or None,
    )


def _sram_plan(sharing: Sharing, chip: NnaConfig) -> SramPlan:
    """The plan of the SRAM; if models take turns, that of the model with the most resident weights."""
    plans = [one.compiled.memory for one in sharing.tenants]
    memory = max(plans, key=lambda plan: plan.resident_bytes)
    return SramPlan(
        working_set=memory.working_set,
        resident_weights=memory.resident_bytes,
        weight_buffers=memory.buffers * memory.buffer_bytes,
        free=chip.sram.bytes - memory.total,
    )


def _switching(sharing: Sharing, other: Sharing | None) -> Switching:
    loads = [call.run for call in sharing.served.calls if not call.streams]
    return Switching(
        residents=sharing.residents,
        switches=sharing.served.switches,
        loads=len(loads),
        loaded_bytes=sum(run.program.dram_bytes for run in loads),
        loaded_cycles=sum(run.cycles for run in loads),
        other_dram_bytes=other and other.dram_bytes,
    )


def _share_of(model: Model, place: int, sharing: Sharing, sums: Tally, options: SharingOptions) -> ModelShare:
    one, served, clock_hz = sharing.tenants[place], sharing.served, sharing.tenants[place].compiled.chip.clock_hz
    streams = [stream for stream in served.streams if stream.model == place]
    utterances = [times for stream in streams for times in lateness_of(one, stream)]
    batches = served.batches_of(place)
    return ModelShare(
        name=model.name,
        system=model.trace.system,
        trace_hash=record_digest(model.trace),
        workload=workload_of(model.trace),
        priority=place + 1,
        streams=model.streams,
        utterances=len(utterances),
        deadline_ms=options.deadline_ms,
        frame_latency_ms=Percentiles(**percentiles([ms for times in utterances for ms in times.latencies_ms])),
        engine_latency_ms=Percentiles(**percentiles([times.engine_ms for times in utterances])),
        deadline_misses=sum(times.misses(options.deadline_ms) for times in utterances),
        calls=sum(batches.values()),
        batches={str(size): count for size, count in sorted(batches.items())},
        totals=totals_of(sums, sums.cycles, clock_hz, {}),
        blocks={block: Busy(busy=sums.busy[block], stall=sums.stall[block]) for block in BLOCKS},
        resident_bytes=sum(one.compiled.uses[name].bytes for name in one.resident),
        ops=op_costs(sums),
        frames=frames_of(utterances),
    )
