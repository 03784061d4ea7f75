"""SharedResult: what several models, or several streams of one, measured together on one chip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nnasim import limits
from nnasim.ir.bounded import Count, Energy, Facts, Milliseconds, Name, Sentence, StreamCount
from nnasim.ir.explanation import Cause, Changes
from nnasim.ir.result import (
    BlockTime,
    Functional,
    OpCost,
    Parameter,
    Spreads,
    SramPlan,
    Totals,
    Workload,
)
from nnasim.records import Frozen, Integer, Items, Number

Policy = Literal["fifo", "priority", "round_robin"]
POLICIES: tuple[Policy, ...] = Policy.__args__  # type: ignore[attr-defined]
Starts = Literal["even", "together", "random"]
STARTS: tuple[Starts, ...] = Starts.__args__  # type: ignore[attr-defined]
ResidentsChoice = Literal["fewest_bytes", "together", "in_turn"]
RESIDENTS: tuple[ResidentsChoice, ...] = ResidentsChoice.__args__  # type: ignore[attr-defined]

Limit = Literal["deadline", "sram", "asked"]

MOST_STREAMS = limits.STREAMS


class Percentiles(Frozen):
    """Percentiles of a latency over a model's frames or utterances [ms]."""

    p50: Milliseconds
    p90: Milliseconds
    p99: Milliseconds


class StreamFrames(Frozen):
    """The times of frames of audio, in core cycles from the start of all streams: columns of equal length.

    ``stream``: from 0 within the model; ``utterance``: index into the trace's; ``arrival``: its audio exists;
    ``start``: its first operation begins; ``end``: its last operation ends.
    """

    stream: Items[Count]
    utterance: Items[Count]
    frame: Items[Count]
    arrival: Items[Count]
    start: Items[Count]
    end: Items[Count]

    @model_validator(mode="after")
    def _equal(self) -> StreamFrames:
        columns = (self.stream, self.utterance, self.frame, self.arrival, self.start, self.end)
        if len({len(column) for column in columns}) != 1:
            raise ValueError("columns of frames differ in length")
        return self


class Busy(Frozen):
    """Cycles in which a block worked for a model, and waited for it."""

    busy: Count
    stall: Count


class ModelShare(Frozen):
    """One model's part of the chip's time, and how late it was.

    ``priority``: 1 goes first; ``deadline_ms``: of each frame, null if it is the arrival of the next one.
    ``frame_latency_ms``: from the moment a frame's audio exists to the end of its last operation;
    ``engine_latency_ms``: that of an utterance's last frame. ``calls``: that ran, a batch as one;
    ``batches``: how many of them served so many streams. ``totals``: ``cycles`` are those in which a call of it held
    the chip. ``blocks``: of the whole run's cycles those that each block spent on it.
    """

    name: Name
    system: Name
    trace_hash: str
    workload: Workload
    priority: Count
    streams: Annotated[Integer, Field(ge=1, le=MOST_STREAMS)]
    utterances: Count
    deadline_ms: Milliseconds | None
    frame_latency_ms: Percentiles
    engine_latency_ms: Percentiles
    deadline_misses: Count
    calls: Count
    batches: dict[StreamCount, Count]
    totals: Totals
    blocks: dict[str, Busy]
    resident_bytes: Count
    ops: Items[OpCost]
    frames: StreamFrames


class Switching(Frozen):
    """The cost of models taking turns.

    ``residents``: the use of the SRAM that working sets and buffers leave: ``together``: for weights of all models,
    which stay; ``in_turn``: for those of the model that ran last. ``switches``: calls of another model than the call
    before; ``loaded_bytes``, ``loaded_cycles``: of resident weights that were loaded before a call of those.
    ``other_dram_bytes``: the bytes that the whole run would have read with the other choice; null if not computed.
    """

    residents: Literal["together", "in_turn"]
    switches: Count
    loads: Count
    loaded_bytes: Count
    loaded_cycles: Count
    other_dram_bytes: Count | None = None


class Tried(Frozen):
    """A number of streams of each model, and the worst p99 of frame latency among them [ms]; null: did not fit."""

    streams: Count
    p99_ms: Milliseconds | None


class Search(Frozen):
    """The number of streams of each model that keep p99 of frame latency within ``deadline_ms``.

    ``most``: 0 if not even one does. ``limit``: why not one more: ``deadline``, ``sram``, or ``asked``, the largest
    number that is tried.
    """

    deadline_ms: Milliseconds
    most: Count
    limit: Limit
    tried: Items[Tried]


class StreamWaits(Frozen):
    """Cycles that the frames of one ``stream`` waited, by the stream whose call ran then; ``model`` its model's name.

    ``makers``: streams by their place in ``SharedExplanation.streams``; what they did for the stream itself is no wait.
    """

    model: Name
    stream: Count
    makers: dict[StreamCount, Count]


class ModelWaits(Frozen):
    """The latency of one model's frames, in cycles over all of them: the parts add up to ``cycles``.

    ``work``: in its own calls for these frames, by cause; ``earlier``: until earlier frames of the same stream were
    done; ``behind``: while a call of another stream ran, by the model of that stream; ``loads``: while resident weights
    were loaded; ``turn``: while no call ran, until the rest of a chunk's audio existed or the policy gave the turn.
    """

    name: Name
    frames: Count
    cycles: Count
    work: dict[Cause, Count]
    earlier: Count
    behind: dict[Name, Count]
    loads: Count
    turn: Count

    @model_validator(mode="after")
    def _complete(self) -> ModelWaits:
        parts = sum(self.work.values()) + self.earlier + sum(self.behind.values()) + self.loads + self.turn
        if parts != self.cycles:
            raise ValueError(f"parts: add up to {parts} cycles, not to the {self.cycles} of the frames")
        return self


class SharedFigures(Frozen):
    """p50 and p99 of the frames of each model, in their order [ms], and the energy of the run [mJ]."""

    p50_ms: Items[Milliseconds]
    p99_ms: Items[Milliseconds]
    energy_mj: Energy | None = None


class SharedWhatIf(Frozen):
    """The same models with one limit lifted, by ``changes`` of the chip or by another ``policy``; ``refused``: the
    reason if it could not run.
    """

    limit: Name
    changes: Changes = Field({})
    policy: Policy | None = None
    figures: SharedFigures | None = None
    refused: Sentence | None = None


class SharedExplanation(Frozen):
    """The reasons for the lateness of several models or streams. ``streams``: empty where there are many of them."""

    models: Items[ModelWaits]
    streams: Items[StreamWaits] = ()
    base: SharedFigures
    what_ifs: Items[SharedWhatIf] = ()


class SharedResult(Frozen):
    """A result file of several models or streams: the answer, and all that determined it.

    ``totals.cycles``: loading of resident weights (``boot_cycles``), then everything until the last call ends.
    """

    schema_version: Literal[1] = 1
    kind: Literal["nnasim.shared"] = "nnasim.shared"
    policy: Policy
    starts: Starts
    preset: Name
    hardware: Facts
    hardware_hash: str
    versions: dict[str, str]
    commit: str | None = None
    command: str | None = None
    clock_hz: Number = Field(ge=1, le=1e12)
    totals: Totals
    boot_cycles: Count
    idle_cycles: Count = Field(description="in which no call ran")
    blocks: dict[str, BlockTime]
    sram_plan: SramPlan
    switching: Switching
    models: Items[ModelShare] = Field(min_length=1)
    not_modelled: Items[str] = ()
    search: Search | None = None
    functional: Items[Functional] = Field((), description="of each model, where the integers were compared")
    energy_mj: Spreads | None = None
    parameters: Items[Parameter] = ()
    explanation: SharedExplanation | None = None

    def __repr__(self) -> str:
        models = ", ".join(f"{model.streams} x {model.name}" for model in self.models)
        return f"SharedResult {self.policy} on {self.preset}: {models}, {self.totals.cycles:,} cycles"

    __str__ = __repr__
