"""Tables of SCALE-Sim 3: the closed forms of a systolic array that never waits for data."""

from __future__ import annotations

import re

from nnasim import limits
from nnasim.hardware.mac_arrays.systolic import Dataflow, fold_cycles, sram_accesses
from nnasim.units import ceil_div
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind

LARGEST_SIZE = limits.LAYER_SIZE
DATAFLOWS: dict[str, Dataflow] = {"ws": "ws", "os": "os", "is": "is"}
COUNTS = ("input_reads", "weight_reads", "output_writes")
LAYER_COUNTS = ("sram_ifmap_reads", "sram_filter_reads", "sram_ofmap_writes")
RANDOM_COUNTS = ("sram_if", "sram_fil", "sram_of")


def array_size(row: MeasuredRow, column: str = "array") -> tuple[int, int]:
    """Rows and columns out of a cell such as ``32x128``. Raises InputError for another form."""
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", row.text(column))
    if match is None or "0" in match.groups():
        raise row.refuse(column, "must be ROWSxCOLUMNS, such as 32x32")
    return int(match[1]), int(match[2])


def _predict(row: MeasuredRow, rows: int, cols: int, stall: str, columns: tuple[str, ...]) -> Prediction:
    dataflow = DATAFLOWS[row.choice("dataflow", tuple(DATAFLOWS))]
    m, n, k = (row.integer(column, 1, LARGEST_SIZE) for column in ("M", "N", "K"))
    accesses = sram_accesses(dataflow, rows, cols, m, n, k)._asdict()
    if dataflow == "os":  # a known over-count of the tool, which writes each fold's skewed edge too
        accesses["output_writes"] += ceil_div(m, rows) * ceil_div(n, cols) * (rows + cols)
    measured = row.integer("cycles") - row.integer(stall, 0)
    if measured < 1:
        raise row.refuse(stall, "must be smaller than cycles")
    simulated = fold_cycles(dataflow, rows, cols, m, n, k) - 1  # the tool reports the index of the last cycle
    roofline = ceil_div(m * n * k, rows * cols)
    counts = {name: (accesses[name], row.integer(column, 0)) for name, column in zip(COUNTS, columns, strict=True)}
    return Prediction(group=dataflow, simulated=simulated, measured=measured, roofline=roofline, counts=counts)


def predict_layer(row: MeasuredRow) -> Prediction:
    """The prediction of a row with the array as one cell, ``32x32``."""
    return _predict(row, *array_size(row), "stall_cycles", LAYER_COUNTS)


def predict_random(row: MeasuredRow) -> Prediction:
    """The prediction of a row with the array as two columns, R and C."""
    return _predict(row, row.integer("R", 1, 2**16), row.integer("C", 1, 2**16), "stall", RANDOM_COUNTS)


_NOTES = {name: "stall-free cycles and SRAM accesses, closed form" for name in DATAFLOWS}
KINDS = (
    TableKind(
        "scalesim",
        frozenset({"M", "N", "K", "dataflow", "array", "cycles", "stall_cycles", *LAYER_COUNTS}),
        predict_layer,
        _NOTES,
    ),
    TableKind(
        "scalesim_random",
        frozenset({"dataflow", "R", "C", "M", "N", "K", "cycles", "stall", *RANDOM_COUNTS}),
        predict_random,
        _NOTES,
    ),
)
