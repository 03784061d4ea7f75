"""SimResult: what one simulation measured. Everything a report shows is in here; ratios are properties, not stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from nnasim import markup
from nnasim.ir.bounded import AudioSeconds, Count, Energy, Facts, Milliseconds, Name
from nnasim.ir.explanation import Explanation
from nnasim.ir.imported import Imported
from nnasim.records import Flag, Frozen, Items, Number

RESULT_VERSION: Literal[1] = 1


class BlockTime(Frozen):
    """Cycles of one hardware block: busy + stall + idle = total for every block."""

    busy: Count
    stall: Count
    idle: Count


class OpCost(Frozen):
    """The cost of one operation of a graph over the whole run, summed over ``count`` executions.

    ``cycles``: cycles the executing block was busy with it; ``stall_cycles``: cycles that block waited for its data;
    ``bytes``: DRAM bytes moved for it; ``macs``: multiply-accumulates.
    """

    graph: str
    op: str
    kind: str
    group: str
    layer: str
    unit: Literal["nna", "cpu"]
    block: str
    count: Count
    cycles: Count
    stall_cycles: Count
    bytes: Count
    macs: Count


class Span(Frozen):
    """One interval of work or waiting of one block, in core cycles."""

    block: Name
    track: Count = Field(0, description="overlapping work of one block stands on separate tracks")
    name: str
    kind: str = Field(description="operation kind, or dma_read, cpu_read, handoff, stall")
    start: Count
    end: Count
    bytes: Count = 0


class CounterSamples(Frozen):
    """A quantity over one frame's time line: from ``cycle`` [core cycles] on it is ``value`` [``unit``]."""

    name: Name
    unit: Literal["byte", "byte/s"]
    cycle: Items[Count]
    value: Items[Annotated[Number, Field(ge=0, le=1e18)]]

    @model_validator(mode="after")
    def _equal(self) -> CounterSamples:
        if len(self.cycle) != len(self.value):
            raise ValueError(f"value: must be as many as cycle, which are {len(self.cycle)}")
        return self


class FrameTimes(Frozen):
    """The times of frames of audio, in core cycles from the utterance's start: columns of equal length.

    ``utterance``: index into ``SimResult.utterances``; ``arrival``: its audio exists; ``start``: its first operation
    begins; ``end``: its last operation ends.
    """

    utterance: Items[Count]
    frame: Items[Count]
    arrival: Items[Count]
    start: Items[Count]
    end: Items[Count]

    @model_validator(mode="after")
    def _equal(self) -> FrameTimes:
        if len({len(self.utterance), len(self.frame), len(self.arrival), len(self.start), len(self.end)}) != 1:
            raise ValueError("columns of frames differ in length")
        return self


class UtteranceTimes(Frozen):
    """The times of utterances, in milliseconds; a part that was not computed is null.

    ``engine_latency_ms``: from the moment its last audio exists to the final hypothesis. ``upl_ms``: from the end of
    speech to the final hypothesis; ``upl_parts_ms``: its known parts.
    """

    id: str
    audio_seconds: AudioSeconds
    frames: Count
    engine_latency_ms: Milliseconds
    busy_ms: Milliseconds = Field(description="time in which any block worked for it: its processing time")
    upl_ms: Annotated[Number, Field(ge=-1e15, le=1e15)] | None = None
    upl_parts_ms: dict[str, Number] = Field({})
    last_frame: str | None = Field(None, max_length=1000, description="graphs that ran for its last frame, by number")


class Fallback(Frozen):
    """Work that the system wants on the NNA and that the chip has no unit for: the CPU does it, in float.

    ``handoffs``: crossings of the run; ``handoffs_without``: those of a chip that had the units.
    """

    kinds: Items[Name] = Field(min_length=1)
    handoffs: Count
    handoffs_without: Count


class Workload(Frozen):
    """The work that was run, whatever system ran it: results are comparable if both digests agree.

    ``speech``: digest of every utterance's id, length and arrivals; ``model``: digest of the shapes of all weights.
    ``name``: the shape or recipe; ``weights``: how many the model has.
    """

    speech: Name
    model: Name
    name: str = Field("", max_length=500)
    weights: Count


class Totals(Frozen):
    """Sums over the whole run."""

    cycles: Count
    nna_cycles: Count = Field(
        description="cycles in which a block of the NNA worked, other than DMA ahead of a busy host or a hand-off"
    )
    cpu_ms: Milliseconds
    handoffs: Count
    dram_bytes: Count
    sram_bytes: Count
    macs: Count
    energy_mj: Annotated[Number, Field(ge=0, le=1e18)] | None = None


class SramPlan(Frozen):
    """The use of the SRAM in bytes; the four parts add up to its capacity."""

    working_set: Count
    resident_weights: Count
    weight_buffers: Count
    free: Count


class Functional(Frozen):
    """The comparison of a functional run: the chip's own integers with those of the reference.

    ``values``: of every output of every call, as logits are; ``states``: of every state at an utterance's end;
    ``features``: "stored" with the trace, or random.
    """

    utterances: Count
    joint_steps: Count
    values: Count
    states: Count = 0
    mismatches: Count
    features: str = Field(max_length=200)


class Parameter(Frozen):
    """One field of the chip with its unit, and the source of its number where the preset says it."""

    field: str = Field(max_length=500)
    value: Any
    unit: str | None = None
    source: str | None = None


Spread = tuple[Energy, Energy, Energy]
"""(low, nominal, high)."""


def _ascending(parts: dict[str, Spread]) -> dict[str, Spread]:
    for part, (low, nominal, high) in parts.items():
        if not low <= nominal <= high:
            raise ValueError(f"{part}: {[low, nominal, high]} must be [low, nominal, high], ascending")
    if parts and "total" not in parts:
        raise ValueError("must have total beside its parts")
    return parts


Spreads = Annotated[dict[Name, Spread], AfterValidator(_ascending)]
"""Figures by part of the chip, as energy and area are given; "total" is their sum."""


class Extra(Frozen):
    """Sections beside the totals; null what was not computed.

    ``busy_cycles``: in which any block worked, loading of resident weights included; ``handoff_ms``: time of all
    crossings; ``parameters``: the chip's fields with unit and source, recorded by the command that made the result.
    """

    handoff_ms: Milliseconds | None = None
    busy_cycles: Count | None = None
    sram_plan_bytes: SramPlan | None = None
    energy_mj: Spreads | None = None
    area_mm2: Spreads | None = None
    functional: Functional | None = None
    parameters: Items[Parameter] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, data: Any) -> Any:
        """Files of version 0.1 repeat the digest of the chip's numerics here, which ``hardware`` holds in full."""
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if name != "hardware_numerics_hash"}
        return data


class SimResult(Frozen):
    """A result file: the answer, and all that determined it."""

    schema_version: Literal[1] = RESULT_VERSION
    kind: Literal["nnasim.result"] = "nnasim.result"
    system: Name
    preset: Name
    hardware: Facts
    hardware_hash: str
    numerics_hash: str
    trace_hash: str
    versions: dict[str, str]
    commit: str | None = None
    command: str | None = None
    clock_hz: Number = Field(ge=1, le=1e12)
    totals: Totals
    bound_cycles: Count = Field(description="closed-form lower bound for the same work, no event model")
    blocks: dict[str, BlockTime]
    ops: Items[OpCost]
    frames: FrameTimes
    utterances: Items[UtteranceTimes]
    spans: Items[Span] = Field((), description="one frame's time line, for the Gantt picture and the viewers")
    counters: Items[CounterSamples] = Field((), description="over the same frame as the spans")
    residency: dict[str, bool] = Field({}, description="weight tensor -> stays in SRAM between frames")
    not_modelled: Items[str] = ()
    workload: Workload | None = Field(None, description="null in results of version 0.1: not known")
    fallback: Fallback | None = Field(None, description="null where nothing fell back")
    imported: Imported | None = Field(
        None, description="absent for a recogniser of this package", exclude_if=lambda imported: imported is None
    )
    unused_numerics: Items[str] = Field((), description="numerics in which trace and chip differ without effect")
    latency_hidden: Flag | None = Field(
        None, description="whether the weight buffers cover the DRAM's latency; null where no product's weight streams"
    )
    peak_macs_per_cycle: Count | None = Field(None, description="of the MAC array; null in results of version 0.1")
    extra: Extra = Extra()
    explanation: Explanation | None = Field(
        None,
        description="what one frame waits for, and what `explain` found besides; absent in results of earlier versions",
        exclude_if=lambda explanation: explanation is None,
    )

    def __repr__(self) -> str:
        return markup.visible(
            f"SimResult {self.system} on {self.preset}: {markup.counted(len(self.utterances), 'utterance')}, "
            f"{markup.counted(self.totals.cycles, 'cycle')}, {markup.counted(self.totals.handoffs, 'hand-off')}"
        )

    __str__ = __repr__
