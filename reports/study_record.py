"""The findings of the latency study: plain records, filled by the command and drawn by ``study_document``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnasim.analysis.realtime import Endpointer, RealTime
from reports.summary import Gain


@dataclass(frozen=True)
class Accuracy:
    """Word errors of one system (or of one decoder): ``wer`` a fraction with its 95 % interval."""

    name: str
    wer: float | None
    interval: tuple[float, float] | None
    errors: int
    words: int


@dataclass(frozen=True)
class Placed:
    """One placement on one model: mean engine latency, processing time and crossings per second of audio.

    ``words``: word errors of a decode with this placement, by the system whose weights were decoded; none for models
    without trained weights.
    """

    label: str
    engine_mean_ms: float
    busy_ms_per_s: float
    handoffs_per_s: float
    words: Mapping[str, Accuracy] = field(default_factory=dict)


@dataclass(frozen=True)
class GainMap:
    """The gain of aat over cpu_fallback in mean engine latency [%], one row per hand-off, one column per bandwidth.

    ``here_pct``: the gain on the unchanged preset. ``engine_mean_ms``: of both systems, for every gain.
    """

    handoffs_us: tuple[float, ...]
    bandwidths: tuple[float, ...]
    gains_pct: tuple[tuple[float | None, ...], ...]
    here_pct: float | None
    engine_mean_ms: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class EfficiencyGain:
    """If the preset's DRAM delivers ``efficiency`` of its peak: mean engine latency of each system, and the gain."""

    efficiency: float
    engine_mean_ms: Mapping[str, float]
    gain_pct: float | None


@dataclass(frozen=True)
class RateGain:
    """The gains on the preset if each symbol were ``pieces`` pieces: engine latency, and processing time."""

    pieces: int
    symbols_per_s: float
    engine_pct: float | None
    busy_pct: float
    aat_busy_ms_per_s: float


@dataclass(frozen=True)
class Decoder:
    """One system with one beam width: its accuracy, and its work."""

    system: str
    beam: int
    accuracy: Accuracy
    engine_ms: tuple[float, ...]
    busy_ms_per_s: float
    joints_per_s: float
    predictions_per_s: float
    handoffs_per_s: float
    copies_per_s: float
    copies_ms_per_s: float
    slot_bytes: int


@dataclass(frozen=True)
class LatencyStudy:
    """All findings of the study; ``gain`` holds only its words. Keys of ``realtime`` and ``delays_s`` are systems, of
    the other fields models.

    ``fallen``: kinds of operation that aat wants on the chip and the chip has no unit for.
    """

    preset: str
    manifest: str
    utterances: int
    audio_seconds: float
    symbols_per_second: float
    command: str
    endpointers: Sequence[Endpointer]
    accuracies: Sequence[Accuracy]
    gain: Gain
    realtime: Mapping[tuple[str, str], Sequence[RealTime]]
    delays_s: Mapping[str, Sequence[float]]
    delay_source: str
    weights: Mapping[str, int]
    systems: Mapping[str, Sequence[Placed]]
    waterfalls: Mapping[str, Sequence[Placed]]
    policies: Mapping[str, Sequence[Placed]]
    maps: Mapping[str, GainMap]
    efficiencies: Mapping[str, Sequence[EfficiencyGain]]
    rates: Mapping[str, Sequence[RateGain]]
    decoders: Sequence[Decoder]
    chip_facts: Sequence[tuple[str, str, str]]
    fallen: Sequence[str] = ()
