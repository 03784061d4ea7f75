"""The number of streams that each of several chips carries, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nnasim.errors import InputError
from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir.shared import Search, SharedResult
from reports.blocks import Block, Code, Document, Figure, Section, Table, Value
from reports.charts.streams import streams_chart
from reports.figures.streams import streams_per_chip
from reports.naming import differing_fields, fields_name
from reports.parameters import value_text
from reports.shared_lines import LIMIT
from reports.text import command_line, number


def streams_document(results: Sequence[SharedResult], paths: Sequence[Path]) -> Document:
    """Streams in time per chip, and in what the chips differ. Raises InputError for a result without a search."""
    searches = [_search(result, path) for result, path in zip(results, paths, strict=True)]
    fields = [{name: value for name, value in leaves(result.hardware) if name not in DESCRIPTIVE} for result in results]
    labels = _labels(results, fields)
    whole = ("streams", dict(zip(labels, searches, strict=True)))
    drawing = streams_per_chip(*whole)
    figures = () if drawing is None else (Figure("streams", drawing, charts=streams_chart(*whole)),)
    rows = tuple(
        (Value(label), search.most, search.deadline_ms, _p99(search), LIMIT[search.limit], _models(result))
        for label, search, result in zip(labels, searches, results, strict=True)
    )
    columns = ("chip", "streams in time", "deadline [ms]", "p99 then [ms]", "why not more", "models")
    table = Table("streams", "", columns, rows, "p99: of frame latency, the worst of all models.", look="words")
    return Document(
        title=f"Streams in time on {number(len(results))} chips",
        lead=(),
        sections=(
            Section("streams", "Streams per chip", (*figures, table)),
            Section("differences", "In what they differ", (_differences(labels, fields),)),
            Section("provenance", "Provenance", (_commands(labels, results),)),
        ),
        kind="report",
    )


def _search(result: SharedResult, path: Path) -> Search:
    if result.search is None:
        raise InputError(path, "search", None, "must be there: results on a page are compared by their streams in time")
    return result.search


def _labels(results: Sequence[SharedResult], fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Presets, longer where several have one; of chips of one preset only what differs."""
    if len({result.preset for result in results}) == 1 and (differing := differing_fields(fields)):
        return [fields_name(chip, differing) for chip in fields]
    labels = []
    for result, chip in zip(results, fields, strict=True):
        alike = [other for known, other in zip(results, fields, strict=True) if known.preset == result.preset]
        more = fields_name(chip, differing_fields(alike)) if len(alike) > 1 else ""
        labels.append(f"{result.preset}, {more}" if more else result.preset)
    return [label if labels.count(label) == 1 else f"{label} #{place}" for place, label in enumerate(labels, start=1)]


def _p99(search: Search) -> float | None:
    return next((at.p99_ms for at in search.tried if at.streams == search.most), None)


def _models(result: SharedResult) -> Value:
    return Value(", ".join(model.name for model in result.models))


def _differences(labels: Sequence[str], fields: Sequence[Mapping[str, Any]]) -> Block:
    rows = tuple(
        (Value(field), Value(unit_of(field)), *(Value(value_text(chip.get(field), unit_of(field))) for chip in fields))
        for field in differing_fields(fields)
    )
    return Table("differences", "", ("field", "unit", *labels), rows, look="parameters") if rows else "In nothing."


def _commands(labels: Sequence[str], results: Sequence[SharedResult]) -> Table:
    rows = tuple(
        (Value(label), Code(result.hardware_hash), Code(command_line(result.command)))
        for label, result in zip(labels, results, strict=True)
    )
    return Table("results", "", ("chip", "hardware", "command"), rows, look="parameters")
