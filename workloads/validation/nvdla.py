"""Tables of NVIDIA's NVDLA: every row is run by the event model of its convolution pipeline.

A column ``burst_beats`` may say how many consecutive beats count as one outstanding read; without it each beat does.
"""

from __future__ import annotations

from nnasim import limits
from nnasim.sim.nvdla.layer import Design, Layer, Memory, broken_limit
from nnasim.sim.nvdla.pipeline import run_layer
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind

COLUMNS = (
    *("atomC", "atomK", "bus_bytes", "outputs_per_cycle", "buffer_bytes", "M", "K", "N", "read_latency"),
    *("cycles_per_read_beat", "max_outstanding_reads", "write_latency", "total_cycles"),
)
LARGEST_SIZE = limits.LAYER_SIZE
UNLIMITED = 2**40
MOST_BEATS = limits.NVDLA_BEATS
# the table's column of each field that a limit can name
_COLUMN_OF = {"buffer_bytes": "buffer_bytes", "outputs_per_cycle": "outputs_per_cycle"}


def design_of(row: MeasuredRow) -> Design:
    """The sizes of the hardware."""
    return Design(
        atomic_c=row.integer("atomC", 1, 4096),
        atomic_k=row.integer("atomK", 1, 4096),
        bus_bytes=row.integer("bus_bytes", 1, 4096),
        outputs_per_cycle=row.integer("outputs_per_cycle", 1, 4096),
        buffer_bytes=row.integer("buffer_bytes", 1, 2**30),
    )


def memory_of(row: MeasuredRow) -> Memory:
    """The memory; it limits no reads in flight if the table has no column for that."""
    limited = "max_outstanding_reads" in row.cells
    return Memory(
        read_latency=row.integer("read_latency", 0, 2**20),
        cycles_per_read_beat=row.number("cycles_per_read_beat", 2**-10, 2**20),
        max_outstanding_reads=row.integer("max_outstanding_reads", 1) if limited else UNLIMITED,
        write_latency=row.integer("write_latency", 0, 2**20),
        burst_beats=row.integer("burst_beats", 1, 2**16) if "burst_beats" in row.cells else 1,
    )


def checked(row: MeasuredRow, layer: Layer, size: str = "N") -> Layer:
    """``layer``, if it can be simulated.

    Raises InputError if it is no single operation, or is too large; ``size``: the column that such an error names.
    """
    if (limit := broken_limit(layer)) is not None:
        raise row.refuse(_COLUMN_OF[limit.field], f"cannot be simulated in one operation: {limit.allowed}")
    if layer.read_beats + layer.m * len(layer.kernel_groups) > MOST_BEATS:
        raise row.refuse(size, f"cannot be simulated: more than {MOST_BEATS:,} beats and output rows")
    return layer


def layer_and_memory(row: MeasuredRow) -> tuple[Layer, Memory]:
    """The layer and the memory of a row; the sizes are read, not the ``design`` column."""
    resident = row.cells.get("experiment", "").strip() == "resident"
    m, k, n = (row.integer(column, 1, LARGEST_SIZE) for column in ("M", "K", "N"))
    return checked(row, Layer(design_of(row), m, k, n, resident)), memory_of(row)


def predict(row: MeasuredRow) -> Prediction:
    """The prediction of one run of a 1 x 1 convolution."""
    layer, memory = layer_and_memory(row)
    group = "resident" if layer.resident else "batch_1" if layer.m == 1 else "batch_more"
    return Prediction(group, run_layer(layer, memory).total, row.integer("total_cycles"), layer_roofline(layer, memory))


def layer_roofline(layer: Layer, memory: Memory) -> int:
    """Cycles of the slowest of computing, reading and writing, each at its peak rate."""
    beat = max(memory.cycles_per_read_beat, 1.0)
    return max(layer.compute_cycles, int(beat * layer.read_beats), layer.write_beats)


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
