"""Measurements from a table: traces, products, or the measured tables that `validate` knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from nnasim import files, limits
from nnasim.errors import NOT_GIVEN, InputError, NnasimError
from nnasim.hardware import NnaConfig
from nnasim.hardware.read_latency import CYCLES as LATENCY_CYCLES
from nnasim.ir.io import read_trace, record_digest
from nnasim.ir.trace import OpTrace
from nnasim.records import check_path
from nnasim.studies.fitting.fields import FitField
from nnasim.studies.fitting.rows import (
    CYCLES,
    MEMORY,
    SECONDS,
    VELA_RATE,
    Measurement,
    NetworkRun,
    PipelineRun,
    Programs,
    TraceRun,
)
from nnasim.sweeps.objectives import KNOWN
from workloads.importers.measured_table import Cells, MeasuredRow, MeasuredTable, column_key
from workloads.importers.recipes import ONCE
from workloads.importers.topology import LARGEST_SIZE, ProductLayer
from workloads.importers.topology_trace import GRAPH, topology_trace
from workloads.stepgraph.decoding.calls import periodic
from workloads.validation import vela
from workloads.validation.tables import recognise

FIGURE = "engine_latency_ms.p50"
FIGURES = tuple(name for name, (unit, _) in KNOWN.items() if unit in ("ms", CYCLES) and not name.startswith("upl"))
PRODUCT = ("M", "N", "K")
MOST_WEIGHTS = limits.TIMED_WEIGHTS
_MEASURED = re.compile(r"(?:measured_|total_)?(s|ms|us|ns|cycles)")
LEAST_MEASURED = 1e-15
"""Of any unit. Nobody measures less, and the square of a relative error must stay a number."""
_SEEMS_MEASURED = re.compile(r"measured_.*|seconds|milliseconds|microseconds|min|hz|fps")
FOREIGN = frozenset({"atomc", "config", "array_size", "array", "dataflow"})
_ABOUT_THE_TRACE = ("trace_hash", "frames", "system")


def measurements(
    table: MeasuredTable, chip: NnaConfig, fields: Collection[FitField], held: Mapping[str, OpTrace] | None = None
) -> tuple[list[Measurement], list[str]]:
    """The measurements in the rows of ``table``, and the columns that the fit does not use.

    ``held``: traces by the name in the column `trace`, beside the files that it may name. Raises InputError, or every
    error that reading a trace raises.
    """
    if _is_own(table):
        return _own(table, chip, {field.name for field in fields}, held or {})
    return _known_kind(table, {field.name for field in fields}), []


def _is_own(table: MeasuredTable) -> bool:
    """Whether a user made the table: it has no columns that only tables have that `validate` knows."""
    keys = set(map(column_key, table.columns))
    return (
        "trace" in keys
        or (set(map(column_key, PRODUCT)) <= keys and not keys & FOREIGN)
        or any(_SEEMS_MEASURED.fullmatch(key) for key in keys - {"total_cycles"})
    )


# -- a user's own table


def _own(
    table: MeasuredTable, chip: NnaConfig, fitted: Collection[str], held: Mapping[str, OpTrace]
) -> tuple[list[Measurement], list[str]]:
    column, unit = _measured_column(table)
    keys = set(map(column_key, table.columns))
    if "trace" not in keys and not set(map(column_key, PRODUCT)) <= keys:
        lacking = next(name for name in PRODUCT if column_key(name) not in keys)
        _refuse_header(table, lacking, "is missing; a row is a trace (column trace) or a product (columns M, N, K)")
    settings = _setting_columns(table, fitted)
    programs: dict[Any, Programs] = {}
    rows = [_own_row(row, chip, column, unit, settings, programs, held) for row in table.rows]
    used = {"trace", "figure", "resident", *_ABOUT_THE_TRACE, *map(column_key, (column, *PRODUCT, *settings))}
    return rows, [name for name in table.columns if column_key(name) not in used]


def _measured_column(table: MeasuredTable) -> tuple[str, str]:
    matches = {name: match[1] for name in table.columns if (match := _MEASURED.fullmatch(column_key(name)))}
    if len(matches) == 1:
        return next(iter(matches.items()))
    allowed = f"one column holds what was measured: measured_{', measured_'.join((*SECONDS, CYCLES))}"
    if matches:
        _refuse_header(table, list(matches)[1], f"must not be given beside {next(iter(matches))}; {allowed}")
    unknown = next((name for name in table.columns if _SEEMS_MEASURED.fullmatch(column_key(name))), None)
    if unknown is not None:
        _refuse_header(table, unknown, f"is no unit that is known; {allowed}")
    _refuse_header(table, "measured_ms", f"is missing; {allowed}")


def _refuse_header(table: MeasuredTable, column: str, allowed: str) -> NoReturn:
    raise InputError(f"{table.source}: line 1", column, NOT_GIVEN, allowed)


def _setting_columns(table: MeasuredTable, fitted: Collection[str]) -> list[str]:
    """Columns that are fields of the chip: what a row was measured with."""
    names = [name for name in table.columns if "." in name or name == "clock_hz"]
    for name in names:
        if name != LATENCY_CYCLES:
            check_path(NnaConfig, name, f"{table.source}: line 1", name)
        if name in fitted:
            _refuse_header(table, name, "is to be found, so no column may give it; leave it out of one of them")
    return names


def _own_row(
    row: MeasuredRow, chip: NnaConfig, column: str, unit: str, settings: list[str], programs: dict[Any, Programs],
    held: Mapping[str, OpTrace],
) -> Measurement:  # fmt: skip
    changes = {name: files.parse_yaml(row.text(name), f"{row.source}: line {row.line}") for name in settings}
    name, own_programs = _ran(row, chip, programs, held, changes)
    if changes:
        chip.with_(changes, f"{row.source}: line {row.line}")
    run = TraceRun(own_programs, _figure(row), changes)
    return Measurement(row, name, run, _positive(row, column), unit)


def _positive(row: MeasuredRow, column: str) -> float:
    value = row.number(column)
    if value < LEAST_MEASURED:
        raise row.refuse(column, f"must be at least {LEAST_MEASURED:g}")
    return value


def _figure(row: MeasuredRow) -> str:
    figure = row.cells.get("figure", "").strip() or FIGURE
    if figure not in FIGURES:
        raise row.refuse("figure", f"must be one of {', '.join(FIGURES)}")
    return figure


def _ran(
    row: MeasuredRow, chip: NnaConfig, programs: dict[Any, Programs], held: Mapping[str, OpTrace],
    changes: dict[str, Any],
) -> tuple[str, Programs]:  # fmt: skip
    """(name, programs) of what the row ran; ``changes`` of the chip are added to in place."""
    path = row.cells.get("trace", "").strip()
    if path:
        if path not in programs:
            programs[path] = Programs(held[path] if path in held else read_trace(Path(row.source).parent / path))
        _refuse_another(row, programs[path].trace)
        return path, programs[path]
    if not set(map(column_key, PRODUCT)) <= set(map(column_key, row.cells)):
        raise row.refuse("trace", "must name a trace file; the table has no columns M, N, K of a product")
    m, n, k = (row.integer(name, 1, LARGEST_SIZE) for name in PRODUCT)
    if n * k > MOST_WEIGHTS:
        raise row.refuse("N", f"with K = {k} is more than {MOST_WEIGHTS:,} weights, which would take minutes")
    resident = row.cells.get("resident", "").strip().lower() or "no"
    if resident not in ("yes", "no"):
        raise row.refuse("resident", "must be yes or no: whether the weights are in SRAM already")
    if resident == "no":
        changes["sram.resident_weights"] = ()
    key = (m, n, k)
    if key not in programs:
        layer = ProductLayer("product", rows=m, channels=n, depth=k)
        programs[key] = Programs(topology_trace([layer], periodic([GRAPH], *ONCE), chip.numerics, "product"))
    return f"{m} x {k} x {n}", programs[key]


def _refuse_another(row: MeasuredRow, trace: OpTrace) -> None:
    """Raise InputError if the row and its trace's file contradict each other."""
    frames = sum(len(utterance.arrivals) for utterance in trace.utterances)
    about: dict[str, Callable[[], str]] = {
        "trace_hash": lambda: record_digest(trace),
        "frames": lambda: str(frames),
        "system": lambda: trace.system,
    }
    for column, of_the_file in about.items():
        cell = row.cells.get(column, "").strip()
        if cell and cell != of_the_file():
            allowed = f"is of another trace: {row.text('trace')} has {of_the_file()}"
            raise row.refuse(column, allowed)


# -- tables that `validate` knows


def _known_kind(table: MeasuredTable, fitted: Collection[str]) -> list[Measurement]:
    """Rows of a measured table whose memory is given in the table, or is the chip's if a column is left out."""
    asked = [column for column, (fields, _) in MEMORY.items() if fields & set(fitted)]
    hidden = [column for column in (*MEMORY, "system_config") if not _has(table, column)]
    whole = _with_columns(table, hidden)
    kind = recognise(whole)
    if kind is vela.KIND:
        of_chip = bool(VELA_RATE & set(fitted)) or "system_config" in hidden
        if of_chip and _has(table, "system_config"):
            _refuse_several(table, "system_config")
        return [
            Measurement(row, _network_name(row), NetworkRun(row, of_chip), row.integer("cycles_total"), CYCLES)
            for row in whole.rows
        ]
    if not set(MEMORY) <= kind.columns:
        raise InputError(table.source, "", NOT_GIVEN, f"is a table of {kind.name}: no field of a chip decides its rows")
    for column in asked:
        if column not in hidden:
            _refuse_several(table, column)
    columns = tuple(column for column in MEMORY if column in hidden or column in asked)
    return [
        Measurement(row, _shape_name(row), PipelineRun(row, kind, columns), kind.predict(_filled(row)).measured, CYCLES)
        for row in whole.rows
    ]


def _has(table: MeasuredTable, column: str) -> bool:
    return column_key(column) in set(map(column_key, table.columns))


def _with_columns(table: MeasuredTable, columns: list[str]) -> MeasuredTable:
    """``table`` with further ``columns``, empty."""
    rows = tuple(
        replace(row, cells=Cells((*row.cells, *columns), (*row.cells.values(), *("" for _ in columns))))
        for row in table.rows
    )
    return replace(table, columns=(*table.columns, *columns), rows=rows)


def _filled(row: MeasuredRow) -> MeasuredRow:
    """``row`` with some memory where it has none, to have its other columns checked."""
    some = {"read_latency": "1", "cycles_per_read_beat": "1", "max_outstanding_reads": "1000"}
    cells = {name: cell.strip() or some.get(name, "") for name, cell in row.cells.items()}
    return replace(row, cells=Cells(cells, cells.values()))


def _refuse_several(table: MeasuredTable, column: str) -> None:
    """Raise InputError if a column that stands for a fitted field differs between rows."""
    first = table.rows[0]
    for row in table.rows[1:]:
        if row.text(column) != first.text(column):
            allowed = f"line {first.line} has {first.text(column)}; a field that is to be found is one for all rows"
            raise row.refuse(column, f"{allowed}: give rows of one, or leave the column out")


def _network_name(row: MeasuredRow) -> str:
    return f"{row.text('config')} {row.text('layer')}"


def _shape_name(row: MeasuredRow) -> str:
    return " x ".join(row.cells[name].strip() for name in ("M", "K", "N") if name in row.cells) or f"line {row.line}"


def located(error: NnasimError, measurement: Measurement) -> InputError:
    """The error of a row that cannot be simulated, with its line in the table."""
    where = f"{measurement.row.source}: line {measurement.row.line}"
    return InputError(where, "", NOT_GIVEN, f"{measurement.name} cannot be simulated: {error}")
