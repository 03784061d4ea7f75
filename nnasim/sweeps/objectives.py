"""The objectives of a sweep: named figures of a point's simulation. All are costs, so lower is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from nnasim.analysis.percentiles import PERCENTILES, percentiles
from nnasim.analysis.pooled import (
    engine_latencies_ms,
    frame_latencies_ms,
    processing_ms,
    real_time_factor,
    user_latencies_ms,
)
from nnasim.errors import SimulationError, named
from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.limits import LARGEST_FIGURE, written
from nnasim.plugins import Plugins, refuse_signatures
from nnasim.units import cycles_to_ms

Figures = dict[str, float | int | str | None]
FigureT = TypeVar("FigureT", int, float)

# figure -> (unit, what it is)
KNOWN: dict[str, tuple[str, str]] = {
    **{
        f"{name}.p{percent}": ("ms", f"{what}, percentile {percent}")
        for name, what in (
            ("engine_latency_ms", "engine latency over all utterances"),
            ("frame_latency_ms", "frame latency over all frames"),
            ("upl_ms", "user-perceived latency over all utterances"),
        )
        for percent in PERCENTILES
    },
    "rtf": ("", "processing time over audio time"),
    "late_frames": ("", "share of frames that end after the next frame's audio exists"),
    "cycles": ("cycles", "all cycles, waiting for audio included"),
    "busy_cycles": ("cycles", "cycles in which any block worked"),
    "nna_cycles": ("cycles", "cycles in which a block of the NNA worked and the host did not"),
    "cpu_ms": ("ms", "time in which the CPU computed"),
    "handoffs": ("", "crossings between CPU and NNA"),
    "handoff_ms": ("ms", "time that the crossings took"),
    "dram_bytes": ("bytes", "DRAM traffic"),
    "sram_traffic_bytes": ("bytes", "SRAM traffic"),
    "sram_capacity_bytes": ("bytes", "size of the SRAM"),
    "sram_used_bytes": ("bytes", "bytes of SRAM that the memory plan occupies"),
    "energy_mj": ("mJ", "energy of the whole run, nominal"),
    "area_mm2": ("mm2", "area of MAC array and SRAM, nominal"),
    "wer": ("", "word error rate as a fraction; needs an accuracy section"),
}


class Objective(NamedTuple):
    """A figure that a package adds. ``figure``: from the results of all traces on one chip; less is better."""

    unit: str
    meaning: str
    figure: Callable[[Sequence[SimResult], NnaConfig], float | None]


def checked(name: str, who: str, part: object) -> Objective:
    """The objective ``part`` of a package. Raises ValueError if it is none."""
    if not isinstance(part, Objective) or not callable(part.figure):
        raise ValueError(f"{who} must be an Objective whose figure can be called")
    if not isinstance(part.unit, str) or not isinstance(part.meaning, str):
        raise ValueError(f"{who}: unit and meaning must be texts")
    refuse_signatures(who, part, {"figure": 2})
    return part


ADDED: Plugins[Objective] = Plugins(
    "nnasim.objectives", needs=Objective._fields, guard="nnasim.sweeps.objectives:checked"
)

BOTTLENECK = "bottleneck"
FALLBACK = "fallback"  # kinds of operation that the chip has no unit for, so that the CPU ran them; None: none
_PARTS = ("mac_array", "activation_unit", "dram", "sram", "sequencer")


def objective_names() -> list[str]:
    """The names of all objectives: first ours, then those of installed packages."""
    return [*KNOWN, *(name for name in ADDED.names if name not in KNOWN)]


def meaning_of(name: str) -> tuple[str, str]:
    """The unit and the meaning of an objective."""
    return KNOWN[name] if name in KNOWN else ADDED.get(name)[:2]


def chip_figures(results: Sequence[SimResult], chip: NnaConfig, objectives: Sequence[str] = ()) -> Figures:
    """The figures of one chip on all traces: latencies pooled, sums added; None for a figure that was not computed.

    Figures of other packages are computed only if ``objectives`` names them.
    """
    totals = [result.totals for result in results]
    plans = [result.extra.sram_plan_bytes for result in results]
    figures: Figures = {
        **_latencies(results),
        "rtf": real_time_factor(*results),
        "late_frames": _late_frames(results),
        "cycles": sum(total.cycles for total in totals),
        "busy_cycles": summed([result.extra.busy_cycles for result in results]),
        "nna_cycles": sum(total.nna_cycles for total in totals),
        "cpu_ms": sum(total.cpu_ms for total in totals),
        "handoffs": sum(total.handoffs for total in totals),
        "handoff_ms": summed([result.extra.handoff_ms for result in results]),
        "dram_bytes": sum(total.dram_bytes for total in totals),
        "sram_traffic_bytes": sum(total.sram_bytes for total in totals),
        "sram_capacity_bytes": chip.sram.bytes,
        "sram_used_bytes": None if None in plans else max(chip.sram.bytes - plan.free for plan in plans if plan),
        "energy_mj": summed([total.energy_mj for total in totals]),
        "area_mm2": results[0].extra.area_mm2["total"][1] if results[0].extra.area_mm2 else None,
    }
    shares = busy_shares(results)
    limits = max(shares, key=lambda part: shares[part])
    figures |= {BOTTLENECK: limits, FALLBACK: _fallback(results), **_prefixed(shares)}
    return figures | {name: _figure_of(name, results, chip) for name in objectives if name not in KNOWN}


def summed(values: Sequence[FigureT | None]) -> FigureT | None:
    """The sum of ``values``; None if one was not computed, since a sum without it would be too low."""
    there = [value for value in values if value is not None]
    return sum(there[1:], start=there[0]) if len(there) == len(values) else None


def _figure_of(name: str, results: Sequence[SimResult], chip: NnaConfig) -> float | None:
    """The figure ``name``. Raises SimulationError, which names the objective, for whatever a package's code raises."""
    try:
        value = ADDED.get(name).figure(results, chip)
        number = None if value is None else float(value)
    except (Exception, SystemExit) as error:
        raise SimulationError(f"objective {named(name)}: {type(error).__name__}: {error}") from None
    if number is None or abs(number) <= LARGEST_FIGURE:
        return number
    allowed = f"must be a number of at most {written(LARGEST_FIGURE)}"
    raise SimulationError(f"objective {named(name)} = {number:g}: {allowed}")


def _fallback(results: Sequence[SimResult]) -> str | None:
    kinds = dict.fromkeys(kind for result in results if result.fallback for kind in result.fallback.kinds)
    return " ".join(kinds) or None


def busy_shares(results: Sequence[SimResult]) -> dict[str, float]:
    """Share of the processing time in which each part worked. Parts overlap, so the sum may pass 1.

    The host is split into computing and crossings, since they are made faster by different means; a CPU that waits for
    the DRAM does not work. A result that does not say how long its crossings took has no share of them.
    """
    clock_hz = results[0].clock_hz
    busy = summed([result.extra.busy_cycles for result in results]) or processing_ms(*results) / 1e3 * clock_hz or 1
    shares = {part: sum(_busy(result, part) for result in results) / busy for part in _PARTS}
    shares["cpu"] = sum(_busy(result, "host") for result in results) / busy
    handoff_ms = summed([result.extra.handoff_ms for result in results])
    if handoff_ms is not None:
        shares["handoff"] = handoff_ms / cycles_to_ms(busy, clock_hz)
        shares["cpu"] = max(0.0, shares["cpu"] - shares["handoff"])
    return shares


def _busy(result: SimResult, block: str) -> int:
    """Cycles in which ``block`` worked; 0 for a block that the chip lacks."""
    return result.blocks[block].busy if block in result.blocks else 0


def _prefixed(shares: dict[str, float]) -> Figures:
    return {f"busy.{part}": share for part, share in shares.items()}


def _latencies(results: Sequence[SimResult]) -> Figures:
    pooled = {
        "engine_latency_ms": engine_latencies_ms(*results),
        "frame_latency_ms": frame_latencies_ms(*results),
        "upl_ms": user_latencies_ms(*results),
    }
    return {
        f"{name}.{rank}": value
        for name, values in pooled.items()
        if values
        for rank, value in percentiles(values).items()
    }


def _late_frames(results: Sequence[SimResult]) -> float | None:
    """Frames that are still in work when the next one's audio is there, over all frames that have a next one."""
    late = total = 0
    for result in results:
        frames = result.frames
        for index, end in enumerate(frames.end[:-1]):
            if frames.utterance[index] == frames.utterance[index + 1]:
                late, total = late + (end > frames.arrival[index + 1]), total + 1
    return late / total if total else None
