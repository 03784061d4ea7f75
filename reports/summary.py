"""`summary.json`: what `compare` found, one record. A figure that was not computed is null, never 0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from nnasim import files
from nnasim.errors import InputError
from nnasim.ir.result import Fallback
from nnasim.records import Frozen, Integer, Number, validated
from reports.waits import Waits

Least0 = Annotated[Number, Field(ge=0)]
Count = Annotated[Integer, Field(ge=0)]
_ROUNDING = 1e-9


class Percentiles(Frozen):
    """Percentiles over utterances, or over frames for frame latency; ``mean`` is null in summaries of version 0.1."""

    p50: Number
    p90: Number
    p99: Number
    mean: Number | None = None


class Corpus(Frozen):
    """The speech that was decoded. ``text_normalisation``: what was done to its text; null before version 0.2.

    ``manifest`` and ``words`` are null if a stored trace was run, and nothing decoded.
    """

    manifest: str | None = None
    text_normalisation: str | None = None
    utterances: Integer = Field(ge=0)
    words: Integer | None = Field(None, ge=0)
    audio_seconds: Number = Field(ge=0)


class SystemFigures(Frozen):
    """One system's figures: accuracy as a fraction, times in milliseconds, energy in millijoules.

    ``wer_ci``: 95 % bootstrap interval over utterances. ``rtf``: processing time over audio time. ``nna_cycles``:
    cycles in which a block of the NNA worked; what DMA loads ahead while the CPU computes or hands over is not in it.
    ``mac_utilisation``: multiply-accumulates of the NNA over what its array could do in the processing time.
    ``dram_share``: bytes from DRAM over what its peak rate would bring in the processing time. ``fallback``: work that
    the chip has no unit for, so that the CPU did it. ``waits``: where a frame's time goes and what would help.
    """

    wer: Least0 | None = None
    wer_ci: tuple[Number, Number] | None = None
    errors: Count | None = None
    engine_latency_ms: Percentiles | None = None
    frame_latency_ms: Percentiles | None = None
    upl_ms: Percentiles | None = None
    rtf: Least0 | None = None
    nna_cycles: Count | None = None
    cpu_ms: Least0 | None = None
    handoffs: Count | None = None
    dram_bytes: Count | None = None
    energy_mj: Least0 | None = None
    utterances: Integer | None = Field(None, ge=0)
    mac_utilisation: Least0 | None = None
    dram_share: Least0 | None = None
    fallback: Fallback | None = None
    waits: Waits | None = None


class FrameGain(Frozen):
    """The latency gain over the utterances that end in one kind of frame.

    ``last_frame``: the graphs that ran for their last frame in both systems, by number.
    """

    last_frame: str
    utterances: Integer = Field(ge=1)
    engine_latency_pct: Number
    engine_latency_pct_ci: tuple[Number, Number] | None = None


class PaperSizedGain(Frozen):
    """The percentage by which the engine latency of ``aat`` would be lower than ``cpu_fallback``'s for a recogniser of
    another size.

    It is for the same speech on the same chip, at each of ``handoffs_us``; ``weights``: how many ``shape`` has.
    """

    shape: str
    weights: Integer = Field(gt=0)
    handoffs_us: tuple[Number, ...]
    engine_latency_pct: tuple[Number, ...]


class Gain(Frozen):
    """The gains of accelerator-aware training, in percent; null if a system is missing or nothing was lost.

    ``engine_latency_pct``: how much lower the mean engine latency of ``aat`` is than ``cpu_fallback``'s;
    ``engine_latency_p90_pct``: the same at p90; each ``_ci`` its 95 % interval over paired, resampled utterances (null
    for a single one). No median: utterances end in few kinds of frame, which cost very different times, so a median
    jumps from one kind to the other. ``by_last_frame``: the gain on the mean within each kind. ``paper_sized``: the
    gain of a recogniser of the paper's size, since hand-offs weigh heavily in a small one. ``wer_recovered_pct``: share
    of ``naive``'s errors beyond ``float``'s that ``aat`` does not make, with its 95 % interval; both null if
    ``wer_lost_errors``, the errors that naive makes more, are fewer than 5 or too uncertain. ``wer_recovered_errors``:
    how many fewer than naive aat makes. ``aat_better_than_naive``: probability by the paired bootstrap that ``aat``
    makes fewer word errors.
    """

    engine_latency_pct: Number | None = None
    engine_latency_pct_ci: tuple[Number, Number] | None = None
    engine_latency_p90_pct: Number | None = None
    engine_latency_p90_pct_ci: tuple[Number, Number] | None = None
    by_last_frame: tuple[FrameGain, ...] = ()
    paper_sized: PaperSizedGain | None = None
    wer_recovered_pct: Number | None = None
    wer_recovered_pct_ci: tuple[Number, Number] | None = None
    wer_recovered_errors: Integer | None = None
    wer_lost_errors: Integer | None = None
    aat_better_than_naive: Number | None = None


class Summary(Frozen):
    """The whole file, with all that determined it."""

    schema_version: Literal[1] = 1
    command: str | None = Field(None, description="null where Python code made the folder")
    preset: str
    hardware_hash: str
    numerics_hash: str
    versions: dict[str, str]
    commit: str | None = None
    seeds: dict[str, Integer] = Field({})
    inputs: dict[str, str] = Field({}, description="name -> SHA-256 of each input file")
    corpus: Corpus
    systems: dict[str, SystemFigures] = Field(min_length=1)
    gain: Gain = Gain()
    placement: str | None = Field(None, description="where naive and aat ran, if not on the chip alone")


def read_summary(path: str | Path) -> Summary:
    """A `summary.json`. Raises FileError, or InputError, which names the first wrong field, or one that contradicts
    another.
    """
    data = files.read_json(path)
    files.refuse_other(data, "a summary of nnasim compare", path)
    if not isinstance(data, dict) or data.get("schema_version") != 1:
        version = data.get("schema_version") if isinstance(data, dict) else data
        raise InputError(path, "schema_version", version, "is no summary that this version of nnasim reads")
    summary = validated(Summary, data, path, InputError)
    for system, figures in summary.systems.items():
        for field, value, allowed in contradictions(figures, summary.corpus.words):
            raise InputError(path, f"systems.{system}.{field}", value, allowed)
    return summary


def contradictions(figures: SystemFigures, words: int | None = None) -> Iterator[tuple[str, object, str]]:
    """(field, value, what it must be) of each of ``figures`` that contradicts another, or the corpus's ``words``."""
    if figures.wer is not None and figures.errors is not None and words:
        rate = figures.errors / words
        if abs(figures.wer - rate) > _ROUNDING:
            yield "wer", figures.wer, f"must be {figures.errors} errors over {words} words, {rate:.9g}"
    if figures.wer_ci is not None and figures.wer_ci[0] > figures.wer_ci[1]:
        yield "wer_ci", list(figures.wer_ci), "must be [low, high], ascending"
    for name in ("engine_latency_ms", "frame_latency_ms", "upl_ms"):
        at: Percentiles | None = getattr(figures, name)
        if at is not None and not at.p50 <= at.p90 <= at.p99:
            yield name, [at.p50, at.p90, at.p99], "must ascend: p50, p90, p99"
        if at is not None and name != "upl_ms" and at.p50 < 0:
            yield name, at.p50, "must be at least 0"


def write_summary(path: str | Path, summary: Summary) -> None:
    """Write ``summary`` as JSON, atomically."""
    files.write_json(path, summary.model_dump(mode="json"))
