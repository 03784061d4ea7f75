"""Test data for fits: boards whose fields are known, and halves of measured tables whose memory is hidden."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nnasim.hardware import NnaConfig
from nnasim.studies.fitting.rows import Trial
from nnasim.studies.fitting.table import measurements
from workloads.importers.measured_table import Cells, MeasuredRow, MeasuredTable

START = ("dram.read_latency_ns=150", "dram.bytes_per_second=3e9")  # far from what the tables hide
MEMORY = ["dram.read_latency_ns", "dram.bytes_per_second"]
SHAPES = ((1, 64, 64), (1, 256, 256), (1, 1024, 256), (8, 256, 256), (1, 512, 512), (32, 128, 64), (1, 768, 256))

KINDS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "equal": lambda random, rows: random.normal(size=rows),
    "unequal": lambda random, rows: random.normal(size=rows) * np.linspace(0.2, 1.7, rows),
    "heavy": lambda random, rows: random.standard_t(3, size=rows) / np.sqrt(3),
}
"""The distributions of the rows' errors, of standard deviation about 1: all alike, growing, with outliers."""


def table(rows: Sequence[dict[str, object]], source: str = "board.csv") -> MeasuredTable:
    """A table of these rows, all of the same columns."""
    columns = tuple(rows[0])
    return MeasuredTable(
        source,
        columns,
        tuple(
            MeasuredRow(source, line, Cells(columns, map(str, row.values()))) for line, row in enumerate(rows, start=2)
        ),
    )


def timed(
    chip: NnaConfig, shapes: Sequence[tuple[int, int, int]] = SHAPES, noise: float = 0.0, seed: int = 0,
    kind: str = "equal",
) -> MeasuredTable:  # fmt: skip
    """The times of products (m, n, k) on ``chip`` [us], each with a relative error of standard deviation ``noise``.

    ``kind``: one of ``KINDS``, how errors are distributed.
    """
    bare: list[dict[str, object]] = [{"M": m, "N": n, "K": k, "measured_us": 1.0} for m, n, k in shapes]
    rows, _ = measurements(table(bare), chip, [])
    errors = noise * KINDS[kind](np.random.default_rng(seed), len(shapes))
    trial = Trial(chip)
    return table(
        [
            {**row, "measured_us": repr(measurement.predicted(trial) * (1 + float(error)))}
            for row, measurement, error in zip(bare, rows, errors, strict=True)
        ]
    )


def halves(
    table: MeasuredTable, wanted: Callable[[Mapping[str, str]], bool], seed: int = 0
) -> tuple[MeasuredTable, MeasuredTable]:
    """Two random halves of the rows that are ``wanted``."""
    rows = [row for row in table.rows if wanted(row.cells)]
    random.Random(seed).shuffle(rows)
    middle = len(rows) // 2
    first, second = (MeasuredTable(table.source, table.columns, tuple(part)) for part in (rows[:middle], rows[middle:]))
    return first, second


def without(table: MeasuredTable, *columns: str) -> MeasuredTable:
    """``table`` without ``columns``."""
    kept = [name for name in table.columns if name not in columns]
    rows = [MeasuredRow(row.source, row.line, Cells(kept, [row.cells[name] for name in kept])) for row in table.rows]
    return MeasuredTable(table.source, tuple(kept), tuple(rows))


def mean_error_pct(table: MeasuredTable, chip: NnaConfig) -> float:
    """Mean absolute error of ``chip``'s memory on the rows, none of it read from them."""
    hidden = without(table, "read_latency", "cycles_per_read_beat", "system_config")
    rows, _ = measurements(hidden, chip, [])
    return sum(abs(row.predicted(Trial(chip)) / row.measured - 1) for row in rows) / len(rows) * 100
