"""Tables of NVIDIA's NVDLA: every row is run by the event model of its convolution pipeline."""

from __future__ import annotations

from nnasim.sim.nvdla.layer import Design, Layer, Memory, broken_limit
from nnasim.sim.nvdla.pipeline import run_layer
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind

COLUMNS = (
    *("atomC", "atomK", "bus_bytes", "outputs_per_cycle", "buffer_bytes", "M", "K", "N", "read_latency"),
    *("cycles_per_read_beat", "max_outstanding_reads", "write_latency", "total_cycles"),
)
LARGEST_SIZE = 2**20
MOST_BEATS = 2**22  # a row of more would take minutes
# the table's column of each field that a limit can name
_COLUMN_OF = {"buffer_bytes": "buffer_bytes", "outputs_per_cycle": "outputs_per_cycle"}


def _design(row: MeasuredRow) -> Design:
    return Design(
        atomic_c=row.integer("atomC", 1, 4096),
        atomic_k=row.integer("atomK", 1, 4096),
        bus_bytes=row.integer("bus_bytes", 1, 4096),
        outputs_per_cycle=row.integer("outputs_per_cycle", 1, 4096),
        buffer_bytes=row.integer("buffer_bytes", 1, 2**30),
    )


def _memory(row: MeasuredRow) -> Memory:
    return Memory(
        read_latency=row.integer("read_latency", 0, 2**20),
        cycles_per_read_beat=row.number("cycles_per_read_beat", 2**-10, 2**20),
        max_outstanding_reads=row.integer("max_outstanding_reads", 1),
        write_latency=row.integer("write_latency", 0, 2**20),
    )


def _checked(row: MeasuredRow, layer: Layer) -> Layer:
    if (limit := broken_limit(layer)) is not None:
        raise row.refuse(_COLUMN_OF[limit.field], f"cannot be simulated in one operation: {limit.allowed}")
    if layer.activation_beats + layer.weight_beats + layer.m * len(layer.kernel_groups) > MOST_BEATS:
        raise row.refuse("N", f"cannot be simulated: more than {MOST_BEATS} beats and output rows")
    return layer


def layer_and_memory(row: MeasuredRow) -> tuple[Layer, Memory]:
    """What the row ran; the ``design`` column is not looked at, its sizes are."""
    resident = row.cells.get("experiment", "").strip() == "resident"
    m, k, n = (row.integer(column, 1, LARGEST_SIZE) for column in ("M", "K", "N"))
    return _checked(row, Layer(_design(row), m, k, n, resident)), _memory(row)


def predict(row: MeasuredRow) -> Prediction:
    """One run of a 1 x 1 convolution."""
    layer, memory = layer_and_memory(row)
    group = "resident" if layer.resident else "batch_1" if layer.m == 1 else "batch_more"
    beat = max(memory.cycles_per_read_beat, 1.0)
    roofline = max(layer.compute_cycles, int(beat * layer.read_beats), layer.write_beats)
    return Prediction(group, run_layer(layer, memory).total, row.integer("total_cycles"), roofline)


KIND = TableKind(
    name="nvdla",
    columns=frozenset(COLUMNS),
    predict=predict,
    notes={
        "batch_1": "M = 1: bound by reading weights, or by shifting them in",
        "batch_more": "M > 1: stripes, accumulator credits and the output stage",
        "resident": "weights stand in the buffer already: a recurrent step",
    },
)
