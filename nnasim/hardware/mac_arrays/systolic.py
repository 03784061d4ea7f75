"""A systolic array of rows x cols cells: weight-, output- or input-stationary."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile
from nnasim.units import ceil_div

Dataflow = Literal["ws", "os", "is"]


class SramAccesses(NamedTuple):
    """Words that one matmul reads and writes at the array's edge."""

    input_reads: int
    weight_reads: int
    output_writes: int


def fold_cycles(dataflow: Dataflow, rows: int, cols: int, m: int, n: int, k: int) -> int:
    """Cycles of C[m, n] = A[m, k] @ B[k, n] that never waits for data.

    The two dimensions that stay in the array are folded onto it, and the third streams through: the stationary operand
    takes ``rows`` cycles to shift in, the wave front rows + cols - 2 to cross, one cycle per streamed vector. With
    stationary outputs nothing is shifted in, and draining hides behind the next fold.
    Source: the closed form of SCALE-Sim 3.0 (which reports the index of the last cycle, so one less).
    """
    if dataflow == "os":
        return ceil_div(m, rows) * ceil_div(n, cols) * (rows + cols + k - 2)
    if dataflow == "ws":
        return ceil_div(k, rows) * ceil_div(n, cols) * (2 * rows + cols + m - 2)
    return ceil_div(k, rows) * ceil_div(m, cols) * (2 * rows + cols + n - 2)


def sram_accesses(dataflow: Dataflow, rows: int, cols: int, m: int, n: int, k: int) -> SramAccesses:
    """Accesses in words: the stationary operand once, the streamed ones once per fold they meet.

    Partial sums of ``ws`` and ``is`` leave the array once per fold of k. Source: as ``fold_cycles``.
    """
    if dataflow == "os":
        return SramAccesses(ceil_div(n, cols) * m * k, ceil_div(m, rows) * k * n, m * n)
    if dataflow == "ws":
        return SramAccesses(ceil_div(n, cols) * m * k, k * n, ceil_div(k, rows) * m * n)
    return SramAccesses(m * k, ceil_div(m, cols) * k * n, ceil_div(k, rows) * m * n)


class SystolicArray(MacArrayLaw):
    """The timing law of a systolic array.

    Timing law: ``fold_cycles``, plus ``fixed_cycles_per_pass`` on the tile that opens a pass.
    A convolution is the product that SCALE-Sim makes of it: output positions x kernels over channels and taps. Groups
    follow one another, each on folds of its own, so a depthwise convolution has work for one column.
    Ports: operands and results at the array's edge, one word per row or column and cycle.
    Source of the column: Selvam, Ganesan and Kumar, "FuSeConv" (DATE 2021).

    Not modelled
        systolic array: shifting the next fold's operand in while this one computes
        systolic array: skew buffers of its edges
        conv: on the systolic array, gathering the positions that a kernel covers, which its edge is taken to do
        conv: on the systolic array, several groups in one fold
    """

    READS: ClassVar[frozenset[str]] = frozenset({"rows", "cols", "dataflow"})

    def __init__(self, config: MacArrayConfig) -> None:
        super().__init__(config)
        self.rows, self.cols = config.rectangle
        self.dataflow: Dataflow = config.dataflow

    @property
    def output_granule(self) -> int:
        """The columns of a fold."""
        return self.cols

    def cycles(self, tile: MatmulTile) -> int:
        """Cycles that ``tile`` occupies the array."""
        start = self.fixed_cycles if tile.first else 0
        return start + fold_cycles(self.dataflow, self.rows, self.cols, tile.m, tile.n, tile.k)
