"""Several models or streams on one chip, in words: what the terminal, a notebook and the page say of a run."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from nnasim.ir.shared import ModelShare, SharedResult
from nnasim.markup import counted, visible
from nnasim.units import cycles_to_ms
from reports.text import data_size, number, percent
from reports.to_text import WIDTH

POLICY = {
    "fifo": "the audio that has waited longest goes first",
    "priority": "models go in the order in which they stand here, the first before all others",
    "round_robin": "streams take turns, a call each",
}
LIMIT = {
    "deadline": "one more is late",
    "sram": "one more does not stand in SRAM",
    "asked": "no larger number was tried",
}


def terminal_lines(result: SharedResult, before: str, width: int = WIDTH) -> Iterator[str]:
    """The lines of ``shared_lines``, the first behind ``before``, none of them wider than ``width``."""
    for place, line in enumerate(shared_lines(result)):
        indent = "    " if place else "  "
        yield from wrap(line if place else f"{before}{line}", width, subsequent_indent=indent, break_on_hyphens=False)


_OF_MODEL = {
    "name", "system", "streams", "deadline_ms", "frame_latency_ms", "engine_latency_ms", "deadline_misses", "calls",
    "batches",
}  # fmt: skip


def shared_figures(result: SharedResult) -> dict[str, Any]:
    """The figures of a run for other programs: how late each model was, what switching cost, how many streams fit."""
    whole = result.model_dump(mode="json", include={"preset", "policy", "switching", "search", "energy_mj", "totals"})
    return {**whole, "models": [model.model_dump(mode="json", include=_OF_MODEL) for model in result.models]}


def shared_lines(result: SharedResult) -> Iterator[str]:
    """A few lines: the models, how late each was, its share of the chip, the cost of switching, and the number of
    streams found.
    """
    yield visible(_first_line(result))
    for model in result.models:
        yield f"  {visible(model_line(result, model))}"
    yield f"  {switching_line(result)}"
    if result.search is not None:
        yield f"  {search_line(result)}"
    for model, section in zip(result.models, result.functional, strict=False):
        compared = section.values + section.states
        yield (
            f"  {visible(model.name)}: 0 of {compared:,} integers of outputs and last states differ from each stream's "
            f"alone (features: {visible(section.features)})"
        )


def _first_line(result: SharedResult) -> str:
    streams = sum(model.streams for model in result.models)
    idle = percent(result.idle_cycles / result.totals.cycles if result.totals.cycles else None, 1)
    return (
        f"{counted(len(result.models), 'model')}, {counted(streams, 'stream')} "
        f"on {result.preset}, {result.policy}: {result.totals.cycles:,} cycles "
        f"({number(cycles_to_ms(result.totals.cycles, result.clock_hz))} ms), {idle} of them idle"
    )


def model_line(result: SharedResult, model: ModelShare) -> str:
    """A line on how late a model was, and on its share of the chip."""
    frames = len(model.frames.frame)
    at, engine = model.frame_latency_ms, model.engine_latency_ms
    deadline = "the next frame" if model.deadline_ms is None else f"{model.deadline_ms:g} ms"
    return (
        f"{model.name} ({counted(model.streams, 'stream')}): frame latency p50 "
        f"{number(at.p50)}, p90 {number(at.p90)}, p99 {number(at.p99)} ms; engine latency p50 {number(engine.p50)}, "
        f"p99 {number(engine.p99)} ms; {model.deadline_misses:,} of {counted(frames, 'frame')} later than {deadline}; "
        f"{percent(share_of_time(result, model), 1)} of the time"
    )


def share_of_time(result: SharedResult, model: ModelShare) -> float | None:
    """The part of the run in which a call of ``model`` ran."""
    return model.totals.cycles / result.totals.cycles if result.totals.cycles else None


def switching_line(result: SharedResult) -> str:
    """A line on the cost of models taking turns."""
    switching = result.switching
    if len(result.models) == 1:
        return f"DRAM: {data_size(result.totals.dram_bytes)} read"
    other = "" if switching.other_dram_bytes is None else f"; the other way {data_size(switching.other_dram_bytes)}"
    read = f"DRAM: {data_size(result.totals.dram_bytes)} read{other}"
    if switching.residents == "together":
        return f"{switching.switches:,} switches of model; resident weights of all models stay; {read}"
    ms = cycles_to_ms(switching.loaded_cycles, result.clock_hz)
    return (
        f"{switching.switches:,} switches of model, {switching.loads:,} of which loaded resident weights again: "
        f"{data_size(switching.loaded_bytes)}, {number(ms)} ms; {read}"
    )


def search_line(result: SharedResult) -> str:
    """A line on the number of streams that are in time."""
    search = result.search
    assert search is not None
    each = "" if len(result.models) == 1 else " of each model"
    found = f"{counted(search.most, 'stream')}{each} in time: p99 of frame latency within "
    return f"{found}{search.deadline_ms:g} ms; {LIMIT[search.limit]}"
