"""Tables of OpenTPU: a weight-stationary systolic array in PyRTL, shortest correct schedule."""

from __future__ import annotations

from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind

MEMORY_BYTES_PER_CYCLE = 64  # source: OpenTPU reads weights from its memory 64 bytes at a time
PIPELINE_CYCLES = 8  # measured: decode, buffer and activation stages
# measured at S = 16 with three tiles of K, M = 1 and 32: nothing else is known of accumulating schedules
ACCUMULATING_SIZE, ACCUMULATING_TILES = 16, 3
ACCUMULATING_START, ACCUMULATING_PER_ROW = 305, 6


def single_tile_cycles(size: int, rows: int) -> int:
    """Cycles of M x S x S: the weight tile is read and shifted in (S), rows flow through (S + M), results leave (S)."""
    return 3 * size + rows + PIPELINE_CYCLES + size * size // MEMORY_BYTES_PER_CYCLE


def predict(row: MeasuredRow) -> Prediction:
    """The prediction of one tile by its law, or of three accumulating ones at S = 16 by the measured line.

    Raises InputError for any other row: no law is known.
    """
    size = row.integer("array_size", 8, 256)
    rows, tiles = row.integer("M", 1, 2**20), row.integer("k_tiles", 1, 2**20)
    if size % 8:
        raise row.refuse("array_size", "must be a multiple of 8")
    roofline = rows * tiles + size
    if tiles == 1:
        return Prediction("single_tile", single_tile_cycles(size, rows), row.integer("total_cycles"), roofline)
    if (size, tiles) != (ACCUMULATING_SIZE, ACCUMULATING_TILES):
        schedules = f"1, or {ACCUMULATING_TILES} at array_size = {ACCUMULATING_SIZE}"
        raise row.refuse("k_tiles", f"cannot be simulated: a schedule is known for {schedules} only")
    simulated = ACCUMULATING_START + ACCUMULATING_PER_ROW * rows
    return Prediction("accumulating", simulated, row.integer("total_cycles"), roofline)


KIND = TableKind(
    "opentpu",
    frozenset({"array_size", "M", "k_tiles", "total_cycles"}),
    predict,
    {
        "single_tile": "3S + M + 8 + S^2/64",
        "accumulating": "S = 16, three tiles: a line through the two measured rows, so no check of a mechanism",
    },
)
