"""SimResult: what one simulation measured. Everything a report shows is in here; ratios are properties, not stored."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

RESULT_VERSION: Literal[1] = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BlockTime(_Record):
    """Cycles of one hardware block: busy + stall + idle = total for every block."""

    busy: int = Field(ge=0)
    stall: int = Field(ge=0)
    idle: int = Field(ge=0)


class OpCost(_Record):
    """What one operation of a graph cost over the whole run, summed over ``count`` executions.

    ``cycles``: cycles the executing block was busy with it; ``stall_cycles``: cycles that block waited for its data;
    ``bytes``: DRAM bytes moved on its behalf; ``macs``: multiply-accumulates.
    """

    graph: str
    op: str
    kind: str
    group: str
    layer: str
    unit: Literal["nna", "cpu"]
    block: str
    count: int = Field(ge=0)
    cycles: int = Field(ge=0)
    stall_cycles: int = Field(ge=0)
    bytes: int = Field(ge=0)
    macs: int = Field(ge=0)


class Span(_Record):
    """One interval of work or waiting of one block, in core cycles."""

    block: str
    track: int = Field(0, ge=0, description="overlapping work of one block stands on separate tracks")
    name: str
    kind: str = Field(description="operation kind, or dma_read, dma_write, handoff, stall")
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    bytes: int = Field(0, ge=0)


class FrameTimes(_Record):
    """Per frame of audio, in core cycles from the utterance's start: columns of equal length.

    ``utterance``: index into ``SimResult.utterances``; ``arrival``: its audio exists; ``start``: its first operation
    begins; ``end``: its last operation ends.
    """

    utterance: tuple[int, ...]
    frame: tuple[int, ...]
    arrival: tuple[int, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]

    @model_validator(mode="after")
    def _equal(self) -> FrameTimes:
        if len({len(self.utterance), len(self.frame), len(self.arrival), len(self.start), len(self.end)}) != 1:
            raise ValueError("columns of frames differ in length")
        return self


class UtteranceTimes(_Record):
    """Per utterance, in milliseconds; a part that was not computed is null.

    ``engine_latency_ms``: from the moment its last audio exists to the final hypothesis.
    ``upl_ms``: from the end of speech to the final hypothesis; ``upl_parts_ms`` its shown parts.
    """

    id: str
    audio_seconds: float
    frames: int
    engine_latency_ms: float = Field(ge=0)
    busy_ms: float = Field(ge=0, description="time in which any block worked for it: its processing time")
    upl_ms: float | None = None
    upl_parts_ms: dict[str, float] = {}


class Totals(_Record):
    """Sums over the whole run."""

    cycles: int = Field(ge=0)
    nna_cycles: int = Field(ge=0, description="cycles in which at least one block of the NNA worked")
    cpu_ms: float = Field(ge=0)
    handoffs: int = Field(ge=0)
    dram_bytes: int = Field(ge=0)
    sram_bytes: int = Field(ge=0)
    macs: int = Field(ge=0)
    energy_mj: float | None = None


class SimResult(_Record):
    """A result file: the answer, and all that determined it."""

    schema_version: Literal[1] = RESULT_VERSION
    kind: Literal["nnasim.result"] = "nnasim.result"
    system: str
    preset: str
    hardware: dict[str, Any]
    hardware_hash: str
    numerics_hash: str
    trace_hash: str
    versions: dict[str, str]
    commit: str | None = None
    command: str | None = None
    clock_hz: float = Field(gt=0)
    totals: Totals
    bound_cycles: int = Field(ge=0, description="closed-form lower bound for the same work, no event model")
    blocks: dict[str, BlockTime]
    ops: tuple[OpCost, ...]
    frames: FrameTimes
    utterances: tuple[UtteranceTimes, ...]
    spans: tuple[Span, ...] = Field((), description="one frame's time line, for the Gantt picture and the viewers")
    residency: dict[str, bool] = Field({}, description="weight tensor -> stays in SRAM between frames")
    not_modelled: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
