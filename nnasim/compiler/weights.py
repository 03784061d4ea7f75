"""The weights that operations on the NNA use: their rows, their bytes, how often they are needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nnasim.compiler import constraints
from nnasim.compiler.allocate import aligned
from nnasim.compiler.working_set import Units
from nnasim.hardware import NnaConfig
from nnasim.ir.attributes import Conv
from nnasim.ir.trace import Op, OpTrace
from nnasim.units import ceil_div


@dataclass(frozen=True, slots=True)
class WeightUse:
    """A weight of so many rows, one for each output channel (of an embedding: each token), and how often it is read.

    ``layer``: of the operation that reads it first. ``bias``: what stands beside its rows, element by row.
    ``row_bytes``: one row with its bias; ``uses``: calls in the whole trace that read all rows, times the
    products among their operations; ``lookups``: single rows that are read. ``group``: rows of one group of a
    convolution, all rows of any other weight: no tile holds parts of two groups.
    """

    tensor: str
    layer: str
    bias: str | None
    rows: int
    row_bytes: int
    uses: int
    lookups: int
    group: int

    @property
    def bytes(self) -> int:
        """Bytes of SRAM that the whole weight with its bias occupies."""
        return aligned(self.rows * self.row_bytes)

    @property
    def rows_per_use(self) -> int:
        """All rows for a product, one for a look-up."""
        return self.rows if self.uses else 1

    def cut(self, rows: int) -> Cut:
        """The tiles of at most ``rows`` rows."""
        if rows < self.group:
            return Cut(self.rows // self.group, self.group, rows)
        return Cut(1, self.rows, rows - rows % self.group)


class Cut(NamedTuple):
    """A weight in tiles: ``pieces`` of ``rows`` rows each, each cut into tiles of ``step`` rows and a rest."""

    pieces: int
    rows: int
    step: int

    def tiles(self) -> Iterator[tuple[int, int]]:
        """(first row, rows) of each tile."""
        for start in range(0, self.pieces * self.rows, self.rows):
            for row in range(start, start + self.rows, self.step):
                yield row, min(self.step, start + self.rows - row)


def stored_bytes(chip: NnaConfig, raw_bytes: int) -> int:
    """DRAM bytes of ``raw_bytes`` of weights: compressed, then aligned."""
    compressed = math.ceil(raw_bytes * chip.dma.weight_compression_ratio)
    return ceil_div(compressed, chip.dma.alignment_bytes) * chip.dma.alignment_bytes


def read_whole(trace: OpTrace, op: Op) -> tuple[str, ...]:
    """Weights of which ``op`` on the CPU reads all rows."""
    return () if op.kind == "embedding" else tuple(name for name in op.inputs if trace.tensors[name].role == "weight")


def weight_uses(trace: OpTrace, units: Units) -> dict[str, WeightUse]:
    """Every weight that the NNA reads, by tensor name; graphs by name, so that a trace read back costs the same.

    Raises PlacementError if two operations add different biases to one weight.
    """
    calls = Counter(graph for utterance in trace.utterances for graph in utterance.call_graphs)
    readers: dict[str, list[tuple[str, Op]]] = {}
    for name in sorted(trace.graphs):
        for op in trace.graphs[name].ops:
            if op.reads_weight and units[name][op.name] == "nna":
                readers.setdefault(op.weight, []).append((name, op))
    return {weight: _use(trace, weight, reading, calls) for weight, reading in readers.items()}


def _use(trace: OpTrace, weight: str, readers: list[tuple[str, Op]], calls: Counter[str]) -> WeightUse:
    rows, bias = trace.tensors[weight].shape[0], _bias(weight, [op for _, op in readers])
    products = [(graph, op) for graph, op in readers if op.kind != "embedding"]
    lookups = [(graph, op) for graph, op in readers if op.kind == "embedding"]
    return WeightUse(
        tensor=weight,
        layer=readers[0][1].layer,
        bias=bias,
        rows=rows,
        row_bytes=_row_bytes(trace, weight, bias),
        uses=sum(calls[graph] for graph, _ in products),
        lookups=sum(calls[graph] * trace.tensors[op.x].elements for graph, op in lookups),
        group=min((rows // op.told(Conv).groups for _, op in products if op.kind == "conv"), default=rows),
    )


def _bias(weight: str, readers: list[Op]) -> str | None:
    """The bias that operations add to a weight. Raises PlacementError if they add two."""
    biases = sorted({op.bias for op in readers if op.bias is not None})
    if not constraints.one_bias_per_weight(biases):
        constraints.refuse(constraints.one_bias_per_weight, f"weight {weight}", "biases", biases)
    return biases[0] if biases else None


def _row_bytes(trace: OpTrace, weight: str, bias: str | None) -> int:
    """Bytes of one row of a weight, with its bias if it has one."""
    spec = trace.tensors[weight]
    beside = 0 if bias is None else trace.tensors[bias].bits
    return ceil_div(spec.elements // spec.shape[0] * spec.bits + beside, 8)
