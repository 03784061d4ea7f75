"""The weights that operations on the NNA use: their rows, their bytes, how often they are needed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from nnasim.compiler.allocate import aligned
from nnasim.compiler.working_set import Units
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import Op, OpTrace
from nnasim.units import ceil_div


@dataclass(frozen=True, slots=True)
class WeightUse:
    """A weight matrix of (rows, columns) and what one use of it reads.

    ``row_bytes``: one row of the matrix with its bias; ``rows_per_use``: all rows for a matmul, one for a look-up.
    ``uses``: invocations in the whole trace that need it.
    """

    tensor: str
    rows: int
    row_bytes: int
    rows_per_use: int
    uses: int

    @property
    def bytes(self) -> int:
        """Bytes of SRAM that the whole matrix with its bias occupies."""
        return aligned(self.rows * self.row_bytes)


def stored_bytes(chip: NnaConfig, raw_bytes: int) -> int:
    """DRAM bytes of ``raw_bytes`` of weights: compressed, then aligned."""
    compressed = math.ceil(raw_bytes * chip.dma.weight_compression_ratio)
    return ceil_div(compressed, chip.dma.alignment_bytes) * chip.dma.alignment_bytes


def row_bytes(trace: OpTrace, op: Op) -> int:
    """Bytes of one row of a matmul's (or an embedding's) weight, with its bias if it has one."""
    weight = trace.tensors[op.weight]
    bias = 0 if op.bias is None else trace.tensors[op.bias].bits
    return ceil_div(weight.shape[-1] * weight.bits + bias, 8)


def weight_uses(trace: OpTrace, units: Units) -> dict[str, WeightUse]:
    """Every weight that the NNA reads, by tensor name; graphs by name, so that a trace read back costs the same."""
    calls = Counter(graph for utterance in trace.utterances for graph in utterance.call_graphs)
    uses: dict[str, WeightUse] = {}
    for name in sorted(trace.graphs):
        for op in trace.graphs[name].ops:
            if op.reads_weight and units[name][op.name] == "nna":
                rows = trace.tensors[op.weight].shape[0]
                old = uses.get(op.weight)
                uses[op.weight] = WeightUse(
                    tensor=op.weight,
                    rows=rows,
                    row_bytes=row_bytes(trace, op),
                    rows_per_use=rows if op.kind == "matmul" else 1,
                    uses=calls[name] + (old.uses if old else 0),
                )
    return uses
