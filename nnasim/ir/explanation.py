"""Explanation: what a run waited for, what would help, and how sure that is. Frozen records, stored in a result."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nnasim.ir.bounded import Count, Energy, Milliseconds, Name, Sentence
from nnasim.records import Flag, Frozen, Integer, Items, Number

Cause = Literal[
    "dram", "dram_latency", "dma", "sram_port", "weight_decoder", "mac_array", "element_wise", "fixed", "sequencer",
    "handoff", "cpu", "cpu_dram", "bus", "other_work", "queue", "chunk", "other_frames", "unknown",
]  # fmt: skip

CAUSES: dict[Cause, str] = {
    "dram": "weights from DRAM",
    "dram_latency": "the DRAM's latency",
    "dma": "the DMA's bursts in flight",
    "sram_port": "the SRAM's port",
    "weight_decoder": "the weight decoder",
    "mac_array": "the MAC array",
    "element_wise": "the element-wise unit",
    "fixed": "the fixed cost of each pass",
    "sequencer": "the sequencer",
    "handoff": "hand-offs",
    "cpu": "the CPU",
    "cpu_dram": "the CPU's weights from DRAM",
    "bus": "the CPU's reads on the DRAM bus",
    "other_work": "other work on the CPU",
    "queue": "frames before it",
    "chunk": "the rest of its chunk's audio",
    "other_frames": "other frames of its chunk",
    "unknown": "nothing that was recorded",
}
"""Every cause of the critical path, in words that follow "waits for"."""

_WAITS: tuple[Cause, ...] = ("queue", "chunk", "other_frames")

Value = bool | int | float | str | None | tuple[float, float, float]
"""The value that a field of a chip is changed to."""

Changes = dict[Name, Value]

ALL = "all of it"
"""The name, in place of a field of the numerics, of all of them relaxed at once."""


class PathPart(Frozen):
    """Cycles of the critical path with one ``cause``, for one ``layer`` ("" if no layer has a part in it)."""

    cause: Cause
    layer: str = Field("", max_length=500)
    cycles: Count


class FramePath(Frozen):
    """The critical path of one frame, from its audio to the end of its last operation: each cycle has one cause.

    ``frame``: of the first utterance; ``parts``: in the order in which they first occur. They add up to ``cycles``.
    """

    frame: Count
    cycles: Count
    parts: Items[PathPart]

    @model_validator(mode="after")
    def _complete(self) -> FramePath:
        if (total := sum(part.cycles for part in self.parts)) != self.cycles:
            raise ValueError(f"parts: add up to {total} cycles, not to the {self.cycles} of the path")
        return self

    @property
    def by_cause(self) -> dict[Cause, int]:
        """Cycles of each cause, the longest first."""
        sums: dict[Cause, int] = {}
        for part in self.parts:
            sums[part.cause] = sums.get(part.cause, 0) + part.cycles
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    @property
    def bottleneck(self) -> Cause:
        """The cause of most of the path, waits for other frames and for audio left out."""
        causes = self.by_cause
        return next((cause for cause in causes if cause not in _WAITS), next(iter(causes), "unknown"))


class Figures(Frozen):
    """The figures by which a variant of the run is judged: medians [ms], energy of the whole run [mJ], and its
    bottleneck.
    """

    engine_ms: Milliseconds
    frame_ms: Milliseconds
    energy_mj: Energy | None = None
    bottleneck: Cause


class WhatIf(Frozen):
    """A run with one limit lifted by ``changes`` of the chip; ``refused``: the reason if it could not run."""

    limit: Name
    changes: Changes
    figures: Figures | None = None
    refused: Sentence | None = None


class Turn(Frozen):
    """The smallest change of a ``field`` after which another cause binds; ``then``: which one."""

    field: Name
    now: Number
    value: Number
    then: Cause
    figures: Figures


class CpuOp(Frozen):
    """An operation that the CPU runs. ``count``: how often; ``crossings``: hand-offs on its behalf, over the run.

    ``reason``: why it is there; ``group``: which placement moves it, with whom.
    """

    graph: Name
    op: Name
    kind: Name
    group: Name
    reason: Sentence
    count: Count
    cpu_ms: Milliseconds
    crossings: Count
    crossing_ms: Milliseconds


class Move(Frozen):
    """A run with the operations of ``group`` on the NNA instead: ``needs``: what that takes; ``refused``: why not."""

    group: Name
    needs: Sentence
    figures: Figures | None = None
    refused: Sentence | None = None


class Swing(Frozen):
    """The effect of one assumed number: the run at the ``low`` and at the ``high`` end of its range.

    ``stated``: whether the range is given beside the number, or is half to twice its value.
    """

    field: Name
    value: Number
    low: Number
    high: Number
    stated: Flag
    at_low: Figures
    at_high: Figures

    def width(self, figure: Literal["engine_ms", "frame_ms", "energy_mj"]) -> float:
        """The difference of ``figure`` between the two ends."""
        low, high = getattr(self.at_low, figure), getattr(self.at_high, figure)
        return 0.0 if low is None or high is None else abs(high - low)


class Words(Frozen):
    """Word errors of one system of a comparison, beside those of ``float`` on the same speech."""

    system: Name
    errors: Count
    words: Count
    more_than_float: Integer | None = None


class FieldWords(Frozen):
    """The same speech by the same checkpoint with one ``field`` of the chip's numerics relaxed to ``eased``.

    ``changes``: of the chip, with those that the field requires; none if the decoding is in real numbers. ``errors``:
    word errors then; ``saved``: how many fewer than without the change; ``interval``: 95 % of ``saved`` over paired
    resamples of the utterances; ``better``: share of the resamples with fewer errors. ``refused``: the reason if it
    could not run.
    """

    field: Name
    today: Name
    eased: Name
    changes: Changes = Field({})
    errors: Count | None = None
    saved: Integer | None = None
    interval: tuple[Number, Number] | None = None
    better: Annotated[Number, Field(ge=0, le=1)] | None = None
    refused: Sentence | None = None


class NumericsWords(Frozen):
    """The words that each field of the numerics costs: ``errors`` without a change, and with each of ``fields``
    relaxed.

    ``digests``: SHA-256 of manifest and checkpoint; ``planned``: how many fields there are to relax.
    """

    system: Name
    checkpoint: Name
    manifest: Name
    digests: dict[Name, Name]
    numerics_hash: Name
    utterances: Count
    words: Count
    errors: Count
    fields: Items[FieldWords] = ()
    planned: Count


class Explanation(Frozen):
    """The reasons why a run takes as long as it does. A part that was not asked for is empty or null.

    ``base``: the run itself; ``without_range``: assumed fields that were not varied, each with the reason.
    """

    path: FramePath | None = None
    base: Figures | None = None
    what_ifs: Items[WhatIf] = ()
    turns: Items[Turn] = ()
    cpu_ops: Items[CpuOp] = ()
    more_cpu_ops: Count = Field(0, description="operations of the CPU beyond those, each of which costs less")
    other_crossings: Count = Field(0, description="that hand over inputs and results, for no operation of the CPU")
    moves: Items[Move] = ()
    swings: Items[Swing] = ()
    without_range: dict[Name, Sentence] = Field({})
    words: Items[Words] = ()
    numerics_words: NumericsWords | None = None
    complete: Annotated[Flag, Field(description="whether variants of the run were simulated")] = False
