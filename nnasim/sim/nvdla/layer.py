"""The inputs of one run of the convolution pipeline: the design's sizes, the memory's speed, and the matmul."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nnasim.hardware.mac_arrays.dot_product import row_stripes
from nnasim.sim.nvdla.output_path import PLAIN, OutputPath
from nnasim.units import ceil_div

WEIGHT_ALIGNMENT_BYTES = 128  # source: NVDLA's memory format; a layer's weights are padded to it
BUFFER_BANKS = 32  # source: NVDLA's nv_small and nv_medium specifications; operands share the buffer by whole banks


@dataclass(frozen=True)
class Design:
    """Sizes of one configuration of the hardware. ``bus_bytes`` is also the atom of its memory format."""

    atomic_c: int
    atomic_k: int
    bus_bytes: int
    outputs_per_cycle: int
    buffer_bytes: int

    @property
    def accumulator_rows(self) -> int:
        """Rows that the accumulator can hold, and so the credits that the sequencer starts with.

        Two stripes' worth; four where an entry of channels is four times the kernels or more.
        Source: NVDLA's accumulator and sequencer headers.
        """
        return (4 if self.atomic_c >= 4 * self.atomic_k else 2) * self.atomic_k

    def cycles_per_row(self, path: OutputPath) -> int:
        """Cycles of the output stage for one row of a kernel group: one to read it, then its values."""
        return ceil_div(self.atomic_k, path.values_per_cycle(self.outputs_per_cycle)) + 1


@dataclass(frozen=True)
class Memory:
    """External memory: latencies in cycles, a fixed rate per beat, in order.

    ``burst_beats``: consecutive beats that count as one of ``max_outstanding_reads``.
    """

    read_latency: int
    cycles_per_read_beat: float
    max_outstanding_reads: int
    write_latency: int
    burst_beats: int = 1


@dataclass(frozen=True)
class Layer:
    """C[m, n] = A[m, k] @ B[k, n] in int8; ``resident``: B stands in the convolution buffer already.

    ``path``: what the output stage does behind it. Operands of BS and BN are one per channel, those of EW
    one per value.
    """

    design: Design
    m: int
    k: int
    n: int
    resident: bool = False
    path: OutputPath = PLAIN

    @property
    def surfaces(self) -> int:
        """Slices of ``bus_bytes`` channels in which the activations stand in memory."""
        return ceil_div(self.k, self.design.bus_bytes)

    @property
    def activation_beats(self) -> int:
        """Beats that read A."""
        return self.m * self.surfaces

    @property
    def weight_beats(self) -> int:
        """Beats that read B: none where it is resident."""
        if self.resident:
            return 0
        padded = ceil_div(self.k * self.n, WEIGHT_ALIGNMENT_BYTES) * WEIGHT_ALIGNMENT_BYTES
        return ceil_div(padded, self.design.bus_bytes)

    @property
    def blocks(self) -> int:
        """Blocks of atomic_c channels."""
        return ceil_div(self.k, self.design.atomic_c)

    @property
    def kernel_groups(self) -> list[int]:
        """The kernels of each group: atomic_k, and the rest in the last one."""
        full, rest = divmod(self.n, self.design.atomic_k)
        return [self.design.atomic_k] * full + ([rest] if rest else [])

    @property
    def group_beats(self) -> list[int]:
        """Weight beats that must have arrived before each group can start; the last group waits for the padding too."""
        if self.resident:
            return [0] * len(self.kernel_groups)
        group_bytes = self.design.atomic_k * self.k
        ends = [ceil_div(i * group_bytes, self.design.bus_bytes) for i in range(1, len(self.kernel_groups))]
        return [*ends, self.weight_beats]

    @property
    def stripes(self) -> list[int]:
        """Rows of each stripe."""
        return row_stripes(self.m, self.design.atomic_k)

    @property
    def weight_room_beats(self) -> int:
        """Beats of weights that the buffer can hold beside all of A, by whole banks (may be negative)."""
        bank = max(self.design.buffer_bytes // BUFFER_BANKS, 1)
        activations = self.activation_beats * self.design.bus_bytes  # rows of few channels share a buffer entry
        return (BUFFER_BANKS - ceil_div(activations, bank)) * bank // self.design.bus_bytes

    @property
    def operand_beats(self) -> list[int]:
        """Beats of each stream of operands that the output stage reads."""
        return [
            ceil_div(self.n * (1 if operand.per_channel else self.m) * operand.bytes_per_value, self.design.bus_bytes)
            for operand in self.path.operands
        ]

    @property
    def read_beats(self) -> int:
        """Beats of A, of B and of the output stage's operands."""
        return self.activation_beats + self.weight_beats + sum(self.operand_beats)

    @property
    def write_beats(self) -> int:
        """Beats that write C."""
        return self.m * ceil_div(self.n, self.design.bus_bytes)

    @property
    def compute_cycles(self) -> int:
        """The classical bound of computing: multiply-accumulates over those of the whole array."""
        return ceil_div(self.m * self.k * self.n, self.design.atomic_c * self.design.atomic_k)


class Limit(NamedTuple):
    """The reason why the pipeline cannot run a layer in one operation: the field to change, its value, and what is
    allowed.
    """

    field: str
    value: int
    allowed: str


def broken_limit(layer: Layer) -> Limit | None:
    """The first limit of the hardware that ``layer`` breaks.

    All activations must stand in the buffer before computing starts, beside the weights of at least one kernel group.
    """
    design = layer.design
    if design.outputs_per_cycle > design.atomic_k:
        return Limit("outputs_per_cycle", design.outputs_per_cycle, f"at most atomK = {design.atomic_k}")
    group = max(ceil_div(design.atomic_k * layer.k, design.bus_bytes), 1)
    if layer.weight_room_beats < group:
        needed = f"{layer.m} x {layer.k} activations and one group of {design.atomic_k} kernels must fit"
        return Limit("buffer_bytes", design.buffer_bytes, needed)
    return None
