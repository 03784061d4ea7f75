"""Boards that tests make up: a chip whose fields are known measures products, with an error of its own on each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnasim.hardware import NnaConfig
from nnasim.studies.fitting.rows import Trial
from nnasim.studies.fitting.table import measurements
from workloads.importers.measured_table import Cells, MeasuredRow, MeasuredTable

SHAPES = ((1, 64, 64), (1, 256, 256), (1, 1024, 256), (8, 256, 256), (1, 512, 512), (32, 128, 64), (1, 768, 256))


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
    chip: NnaConfig, shapes: Sequence[tuple[int, int, int]] = SHAPES, noise: float = 0.0, seed: int = 0
) -> MeasuredTable:  # fmt: skip
    """What products (m, n, k) take on ``chip`` [us], each with a relative error of standard deviation ``noise``."""
    bare: list[dict[str, object]] = [{"M": m, "N": n, "K": k, "measured_us": 1.0} for m, n, k in shapes]
    rows, _ = measurements(table(bare), chip, [])
    errors = np.random.default_rng(seed).normal(0.0, noise, len(shapes))
    trial = Trial(chip)
    return table(
        [
            {**row, "measured_us": repr(measurement.predicted(trial) * (1 + float(error)))}
            for row, measurement, error in zip(bare, rows, errors, strict=True)
        ]
    )
