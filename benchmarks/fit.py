"""The quality of fits: ``python -m benchmarks.fit [--validation FOLDER] [--table NAME] [--boards N]``.

Of NVDLA's and Vela's tables half of the rows are fitted with the memory hidden, from a start far off: is the truth in
the intervals, and how far off is the other half, beside the true memory. Then boards that are made up, with errors of
three kinds on their rows: how often an interval that says 95 % holds the truth. CPU seconds of each fit, one thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.fit_boards import KINDS, MEMORY, SHAPES, START, halves, mean_error_pct, timed, without
from nnasim import files
from nnasim.hardware import load_preset
from nnasim.progress import silent
from nnasim.studies.fitting.confidence import confidence
from nnasim.studies.fitting.fields import fit_fields
from nnasim.studies.fitting.model import FitModel
from nnasim.studies.fitting.record import FittedField
from nnasim.studies.fitting.search import found
from nnasim.studies.fitting.study import fit
from nnasim.studies.fitting.table import measurements
from workloads.importers.measured_table import read_measured_table

ROWS = (7, 14)
BOARD = {"host.handoff_us": 50.0, "dram.efficiency": 0.8}


class Hidden(NamedTuple):
    """A table, the column and the cell that choose its rows, and what is hidden: field -> value."""

    table: str
    column: str
    cell: str
    truth: Mapping[str, float]


CASES = (
    Hidden("nvdla_small", "experiment", "main", {"dram.read_latency_ns": 32, "dram.bytes_per_second": 8e9}),
    Hidden("nvdla_small_256", "experiment", "main", {"dram.read_latency_ns": 32, "dram.bytes_per_second": 8e9}),
    Hidden("vela", "system_config", "Ethos_U55_High_End_Embedded", {"dram.bytes_per_second": 1e9}),
    Hidden("vela", "system_config", "Ethos_U65_Client_Server", {"dram.bytes_per_second": 12e9}),
)


def hidden_memory(case: Hidden, folder: Path, seed: int) -> dict[str, Any]:
    """One half fitted, the other predicted."""
    table = read_measured_table(folder / f"{case.table}.csv")
    first, second = halves(table, lambda cells: cells[case.column] == case.cell, seed)
    begun, chip = time.process_time(), load_preset("nvdla_small", START)
    shown = without(first, "read_latency", "cycles_per_read_beat")
    result = fit(shown, chip, MEMORY, preset="nvdla_small")
    seconds = time.process_time() - begun
    return {
        "table": f"{case.table}, {case.cell}",
        "seed": seed,
        "rows": len(first.rows),
        "fields": {field.field: _against(field, case.truth[field.field]) for field in result.record.fields},
        "idle": list(result.record.idle),
        "other_half_pct": mean_error_pct(second, result.chip),
        "other_half_true_pct": mean_error_pct(second, chip.with_(case.truth)),
        "cpu_s": seconds,
    }


def _against(field: FittedField, truth: float) -> dict[str, Any]:
    assert field.low is not None
    assert field.high is not None
    within = field.low <= truth <= field.high
    return {"true": truth, "found": field.value, "low": field.low, "high": field.high, "within": within}


def coverage(kind: str, shapes: int, boards: int) -> dict[str, Any]:
    """The share of 95 % intervals that hold the truth, over ``boards`` with errors of this ``kind``."""
    chip = load_preset("edge256", [f"{name}={value}" for name, value in BOARD.items()])
    fields = fit_fields(list(BOARD), chip)
    inside = dict.fromkeys(BOARD, 0)
    sizes = (SHAPES * 3)[:shapes]
    for seed in range(boards):
        rows, _ = measurements(timed(chip, sizes, 0.02, seed, kind), chip, fields)
        model = FitModel(rows, chip, fields, silent)
        bounds = confidence(model, found(model, model.start)).bounds
        for field, interval in zip(fields, bounds, strict=True):
            if interval is not None:
                inside[field.name] += field.value(interval.low) <= BOARD[field.name] <= field.value(interval.high)
    return {"errors": kind, "rows": shapes, "boards": boards, **{name: inside[name] / boards for name in BOARD}}


HEADS = {
    "hidden": "| rows of | half | field | true | found | 95 % interval | other half, mean % | with the truth | CPU s |",
    "coverage": f"| errors | rows | boards | {' | '.join(BOARD)} |",
}


def hidden_lines(case: Mapping[str, Any]) -> Iterator[str]:
    """A half, as Markdown: a line for each field."""
    for name, field in case["fields"].items():
        interval = f"{field['low']:.5g} to {field['high']:.5g}" + ("" if field["within"] else " (MISSED)")
        yield (
            f"| {case['table']} | {case['rows']} rows, seed {case['seed']} | {name} | {field['true']:.4g} | "
            f"{field['found']:.5g} | {interval} | {case['other_half_pct']:.3f} | "
            f"{case['other_half_true_pct']:.3f} | {case['cpu_s']:.1f} |"
        )


def coverage_line(case: Mapping[str, Any]) -> str:
    """Boards of one kind, as Markdown."""
    shares = " | ".join(f"{100 * case[name]:.1f} %" for name in BOARD)
    return f"| {case['errors']} | {case['rows']} | {case['boards']} | {shares} |"


def _head(name: str) -> None:
    print(HEADS[name], "|---" * (HEADS[name].count("|") - 1) + "|", sep="\n", flush=True)


def main() -> None:
    """Print both tables line by line; ``--json`` also writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validation", type=Path, default=Path("data/validation"), help="measured tables")
    parser.add_argument("--boards", type=int, default=100, help="boards that are made up; 0: measured tables alone")
    parser.add_argument("--only-boards", action="store_true", help="no measured tables")
    parser.add_argument("--table", choices=[*dict.fromkeys(case.table for case in CASES)], help="this table alone")
    parser.add_argument("--seeds", type=int, default=2, help="halves that are fitted of each table")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    hidden, covered = list[dict[str, Any]](), list[dict[str, Any]]()
    if not arguments.only_boards:
        _head("hidden")
    cases = [case for case in CASES if arguments.table in (None, case.table)]
    for case in () if arguments.only_boards else cases:
        for seed in range(arguments.seeds):
            hidden.append(hidden_memory(case, arguments.validation, seed))
            print("\n".join(hidden_lines(hidden[-1])), flush=True)
    if arguments.boards:
        _head("coverage")
    for kind in KINDS if arguments.boards else ():
        for rows in ROWS:
            covered.append(coverage(kind, rows, arguments.boards))
            print(coverage_line(covered[-1]), flush=True)
    if arguments.json:
        files.write_json(arguments.json, {"hidden": hidden, "coverage": covered, "numpy": np.__version__})


if __name__ == "__main__":
    main()
