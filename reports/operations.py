"""Where the time goes: cost per operation (`ops.csv`), per kind of operation, and per block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from nnasim.analysis.pooled import audio_seconds
from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.csvfile import write_csv

OPS_HEADER = ("system", "op", "kind", "unit", "count", "cycles", "stall_cycles", "bytes")


def write_ops(path: str | Path, results: Mapping[str, SimResult]) -> None:
    """`ops.csv`: one row per operation of each graph; ``op`` is "graph/operation"."""
    write_csv(path, OPS_HEADER, _rows(results))


def _rows(results: Mapping[str, SimResult]) -> Iterator[tuple[object, ...]]:
    for label, result in results.items():
        for op in result.ops:
            name = f"{op.graph}/{op.op}"
            yield label, name, op.kind, op.unit, op.count, op.cycles, op.stall_cycles, op.bytes


class KindTime(NamedTuple):
    """Time of one kind of operation on one unit, in milliseconds per second of audio."""

    kind: str
    unit: str
    busy: float
    stall: float


def time_per_kind(result: SimResult) -> list[KindTime]:
    """The kinds of operation, longest first. Blocks overlap, so the times may add up to more than elapsed."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for op in result.ops:
        busy, stall = sums.get((op.kind, op.unit), (0, 0))
        sums[op.kind, op.unit] = (busy + op.cycles, stall + op.stall_cycles)
    seconds = audio_seconds(result) or 1.0
    rows = [
        KindTime(kind, unit, _rate(busy, result, seconds), _rate(stall, result, seconds))
        for (kind, unit), (busy, stall) in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.busy - row.stall, row.kind, row.unit))


def _rate(cycles: int, result: SimResult, seconds: float) -> float:
    return cycles_to_ms(cycles, result.clock_hz) / seconds


class BlockShare(NamedTuple):
    """Fractions of the elapsed time of one hardware block: they add up to 1."""

    block: str
    busy: float
    stall: float
    idle: float


def block_shares(result: SimResult) -> list[BlockShare]:
    """The blocks, busiest first; a block of a run without cycles is left out."""
    shares = []
    for name, time in result.blocks.items():
        total = time.busy + time.stall + time.idle
        if total:
            shares.append(BlockShare(name, time.busy / total, time.stall / total, time.idle / total))
    return sorted(shares, key=lambda share: (-share.busy, share.block))
