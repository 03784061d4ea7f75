"""Notes that must accompany results: work that fell back, settings without effect, work that is not the same.

Each is one line, for the terminal and for the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnasim.ir.imported import Imported
from nnasim.ir.result import SimResult
from nnasim.markup import counted
from reports.naming import value_name
from reports.text import number
from reports.work import model_is_unknown, work_differences


def result_notes(label: str, result: SimResult) -> Iterator[str]:
    """The notes of one result."""
    if result.imported:
        yield from (f"{label}: {line}" for line in imported_notes(result.imported))
    yield from _own_notes(label, result)


def _own_notes(label: str, result: SimResult) -> Iterator[str]:
    """The notes on a run, whatever its model."""
    if result.fallback:
        kinds = ", ".join(kind.replace("_", " ") for kind in result.fallback.kinds)
        yield (
            f"{label}: {result.preset} has no unit for {kinds}, so they fell back to the CPU: "
            f"{number(result.fallback.handoffs)} hand-offs, {number(result.fallback.handoffs_without)} if it had"
        )
    if result.unused_numerics:
        chip = result.hardware.get("numerics")
        values = chip if isinstance(chip, dict) else {}
        named = ", ".join(f"{field} {value_name(values.get(field), '')}" for field in result.unused_numerics)
        yield f"{label}: nothing that ran on the NNA uses the chip's {named}; the trace was made with other values"

    if result.latency_hidden is False:
        yield (
            f"{label}: its weight buffers do not cover the DRAM's latency, so every tile waits for it; a little more "
            "SRAM, larger tiles or a shorter chunk is much faster"
        )


def _of_models(results: Mapping[str, SimResult]) -> Iterator[str]:
    """The notes of imported models, each once, under the labels of all results that it holds for."""
    labels: dict[str, list[str]] = {}
    for label, result in results.items():
        for line in imported_notes(result.imported) if result.imported else ():
            labels.setdefault(line, []).append(label)
    for line, of in labels.items():
        yield line if len(of) == len(results) > 1 else f"{'; '.join(of)}: {line}"


def imported_notes(imported: Imported) -> Iterator[str]:
    """The notes that decide how much the figures of an imported model mean."""
    yield f"called {imported.calls}"
    why = f" ({imported.reason})" if imported.reason else ""
    exact = f"integers {imported.claim}{why}, chip against reference; calibrated on {imported.calibration}"
    yield f"times only: {imported.reason}" if imported.claim == "time only" else exact
    if imported.distances and (lost := [node for node in imported.distances if node.proposal]):
        worst = lost[0]
        yield (
            f"integers lose the signal of {counted(len(lost), 'node')}, most of all of {worst.node} "
            f"({worst.operator}, {number(worst.signal_db)} dB): {worst.proposal}"
        )
    if imported.fusion:
        yield f"one operation: {imported.fusion}"


def notes(results: Mapping[str, SimResult]) -> list[str]:
    """The notes on several results that are shown together."""
    every = list(results.values())
    lines = [*_of_models(results), *(line for label, result in results.items() for line in _own_notes(label, result))]
    if differing := work_differences(every):
        lines.insert(0, f"not the same work, so times, bytes and energy do not compare ({'; '.join(differing)})")
    elif model_is_unknown(every):
        lines.insert(0, "whether all are of one model is not known: results of version 0.1 do not say")
    return lines
