"""The addresses of weights in DRAM: one after the other, in the order in which graphs and operations first read
them.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnasim.compiler.memory_plan import MemoryPlan
from nnasim.compiler.weights import WeightUse, read_whole, stored_bytes
from nnasim.compiler.working_set import Units
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.units import round_up

ALIGNMENT_BYTES = 64  # a weight begins with an access of the DRAM: none of those that are modelled moves more at once


def dram_addresses(
    trace: OpTrace, chip: NnaConfig, units: Units, uses: Mapping[str, WeightUse], memory: MemoryPlan
) -> dict[str, int]:
    """Weight -> address of its first byte. The NNA reads a weight's tiles, and a look-up's rows, from there on."""
    addresses: dict[str, int] = {}
    end = 0
    for graph, ops in trace.graphs.items():
        for op in ops.ops:
            whole = read_whole(trace, op) if units[graph][op.name] == "cpu" else ()
            for weight in (op.weight,) if op.reads_weight else whole:
                if weight not in addresses:
                    addresses[weight] = end
                    end = round_up(end + _bytes(trace, chip, weight, uses.get(weight), memory), ALIGNMENT_BYTES)
    return addresses


def _bytes(trace: OpTrace, chip: NnaConfig, weight: str, use: WeightUse | None, memory: MemoryPlan) -> int:
    """The bytes of a weight in DRAM: if it streams, each tile is aligned; if rows are looked up, each row."""
    if use is None:
        return trace.tensors[weight].bytes
    if weight in memory.resident:
        return stored_bytes(chip, use.bytes)
    rows = memory.tile_rows.get(weight, use.rows) if use.uses else 1
    return sum(stored_bytes(chip, rows * use.row_bytes) for _, rows in use.cut(rows).tiles())
