"""Tables of ZigZag 3.9: an analytical model of a systolic array under a TPU-like memory hierarchy.

Its DRAM moves 16 bytes a cycle; three SRAMs hold weights, inputs and outputs. What its latency model charges, read
off its own split into ideal, stall, on-load, off-load and drain:

- weights pass the DRAM port once, in tiles; a tile that does not divide N is cut down to whole columns of the fold;
- inputs and the first rows of compute hide behind the weights (ws), or add to them (os);
- outputs leave at the end where weights are the bottleneck, and hide behind compute where compute is;
- with stationary outputs, 32-bit accumulators move through a 16-byte port, which adds to compute;
- operands that fit no SRAM are read again once per SRAM's worth of the other one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nnasim.units import ceil_div
from workloads.importers.measured_table import MeasuredRow
from workloads.validation.prediction import Prediction, TableKind
from workloads.validation.scalesim import LARGEST_SIZE, array_size

WORD_BYTES = 16  # source: the tool's DRAM and accumulator ports, bytes a cycle
ACCUMULATOR_BYTES = 4


@dataclass(frozen=True)
class Hierarchy:
    """One layer M x N x K on ``rows`` x ``cols`` cells with ``sram_bytes`` per operand. All costs in cycles."""

    m: int
    n: int
    k: int
    rows: int
    cols: int
    sram_bytes: int

    @property
    def folded_n(self) -> int:
        """N as the tool moves it: an uneven last fold spreads over all, and each is cut to whole columns."""
        folds = ceil_div(self.n, self.cols)
        return folds * (self.n // folds)

    @property
    def weights(self) -> int:
        """Reading B once."""
        return ceil_div(self.folded_n * self.k, WORD_BYTES)

    @property
    def inputs(self) -> int:
        """Reading A once."""
        return ceil_div(self.m * self.k, WORD_BYTES)

    @property
    def first_inputs(self) -> int:
        """Reading as much of A as its SRAM holds, before computing starts."""
        return min(self.inputs, self.sram_bytes // WORD_BYTES)

    @property
    def outputs(self) -> int:
        """Writing C once, in 8 bits."""
        return ceil_div(self.m * self.folded_n, WORD_BYTES)

    @property
    def spills(self) -> bool:
        """Whether neither A nor B fits the SRAM of its operand."""
        return min(self.m, self.n) * self.k > self.sram_bytes

    def weight_stationary(self) -> tuple[int, bool]:
        """Cycles, and whether DRAM is the bottleneck."""
        compute = ceil_div(self.k, self.rows) * ceil_div(self.n, self.cols) * self.m
        drain = self.rows + self.cols - 2
        if compute > self.weights:
            return max(self.weights, self.first_inputs + compute) + drain, False
        if self.spills:  # nothing stays, so all share the port; the last tile's write overlaps
            tile = ceil_div(self.rows * self.cols, WORD_BYTES)
            return self.weights + self.inputs + self.outputs - tile + drain, True
        return max(self.weights, self.inputs + compute) + self.outputs + drain, True

    def output_stationary(self) -> tuple[int, bool]:
        """Cycles, and whether DRAM is the bottleneck."""
        folds = ceil_div(self.m, self.rows) * ceil_div(self.n, self.cols)
        compute = folds * self.k
        drain = min(self.m, self.rows) + self.cols - 2
        if folds == 1:  # a single tile: both operands at once, then compute, then outputs
            return max(self.weights, self.inputs) + compute + self.outputs + drain, True
        accumulators = self.m * self.folded_n * ACCUMULATOR_BYTES // WORD_BYTES if self.m > 1 else 0
        chunks = ceil_div(self.m * self.k, self.sram_bytes) if self.spills else 1
        held = self.m * self.n <= self.sram_bytes  # outputs that fit stay until the end
        late = self.outputs if held and self.weights >= compute else 0
        busy = compute + accumulators + self.first_inputs + late
        traffic = self.weights * chunks + self.inputs + self.outputs
        return max(busy, traffic) + drain, traffic >= busy


def predict(row: MeasuredRow) -> Prediction:
    """The prediction of a layer; the SRAM's size is the end of ``config``, ``..._s64`` for 64 KB.

    Raises InputError for a ``config`` of another form.
    """
    match = re.search(r"_s(\d{1,6})$", row.text("config"))
    if match is None or not int(match[1]):
        raise row.refuse("config", "must end in _sKILOBYTES, such as tpu32_s64")
    m, n, k = (row.integer(column, 1, LARGEST_SIZE) for column in ("M", "N", "K"))
    layer = Hierarchy(m, n, k, *array_size(row), int(match[1]) * 1024)
    stationary = row.choice("dataflow", ("ws", "os"))
    cycles, from_dram = layer.weight_stationary() if stationary == "ws" else layer.output_stationary()
    traffic = layer.weights + layer.inputs + layer.outputs
    roofline = max(ceil_div(m * n * k, layer.rows * layer.cols), traffic)
    return Prediction("dram_bound" if from_dram else "compute_bound", cycles, row.integer("cycles"), roofline)


KIND = TableKind(
    "zigzag",
    frozenset({"config", "M", "N", "K", "dataflow", "array", "cycles"}),
    predict,
    {
        "dram_bound": "reading weights takes longer than computing",
        "compute_bound": "computing, with moving 32-bit accumulators where outputs are stationary, takes longer; "
        "the tool's search for a loop order is not imitated",
    },
)
