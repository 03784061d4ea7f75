"""The use of time: cost per operation (`ops.csv`), per kind of operation, and per block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from nnasim.analysis.pooled import audio_seconds
from nnasim.ir.result import OpCost, SimResult
from nnasim.units import cycles_to_ms
from reports.csvfile import write_csv

_CROSSINGS = ("handoff", "load_weights")  # what the compiler adds: no part of the model
OPS_HEADER = ("system", "op", "kind", "unit", "count", "cycles", "stall_cycles", "bytes")


def write_ops(path: str | Path, results: Mapping[str, SimResult]) -> None:
    """Write `ops.csv`: one row per operation of each graph; ``op`` is "graph/operation"."""
    write_csv(path, OPS_HEADER, _rows(results))


def _rows(results: Mapping[str, SimResult]) -> Iterator[tuple[object, ...]]:
    for label, result in results.items():
        for op in result.ops:
            name = f"{op.graph}/{op.op}"
            yield label, name, op.kind, op.unit, op.count, op.cycles, op.stall_cycles, op.bytes


class PartTime(NamedTuple):
    """Time of one part of the work on one unit, in milliseconds per second of audio."""

    part: str
    unit: str
    busy: float
    stall: float


def time_per_kind(result: SimResult) -> list[PartTime]:
    """The kinds of operation, longest first. Blocks overlap, so the times may add up to more than elapsed."""
    return _time_per(result, lambda op: op.kind)


def time_per_layer(result: SimResult) -> list[PartTime]:
    """The layers, by graph if there are several, longest first; without the path that all of them share."""
    own = [op for op in result.ops if op.kind not in _CROSSINGS]
    several, shared = len({op.graph for op in own}) > 1, _shared_path([op.layer for op in own])

    def part(op: OpCost) -> str:
        layer = op.layer.removeprefix(shared)
        return f"{op.graph}: {layer}" if several and op.kind not in _CROSSINGS else layer

    return _time_per(result, part)


def _shared_path(layers: Sequence[str]) -> str:
    """The common start of all ``layers`` that are inside of others, such as "model/encoder/"; "" if it would say
    nothing.
    """
    paths = [layer.split("/")[:-1] for layer in dict.fromkeys(layers) if "/" in layer]
    if len(paths) < 2:
        return ""
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))]
    return "".join(f"{part}/" for part in shared)


def _time_per(result: SimResult, part_of: Callable[[OpCost], str]) -> list[PartTime]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for op in result.ops:
        part = part_of(op)
        busy, stall = sums.get((part, op.unit), (0, 0))
        sums[part, op.unit] = (busy + op.cycles, stall + op.stall_cycles)
    seconds = audio_seconds(result) or 1.0
    rows = [
        PartTime(part, unit, _rate(busy, result, seconds), _rate(stall, result, seconds))
        for (part, unit), (busy, stall) in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.busy - row.stall, row.part, row.unit))


class OpTime(NamedTuple):
    """One operation: ``ms`` of its block's time, busy or waiting, each time it runs; ``share`` of all operations'."""

    name: str
    kind: str
    unit: str
    times: int
    ms: float
    share: float


def costliest(result: SimResult, most: int) -> list[OpTime]:
    """The ``most`` operations that took longest in all, under the model's own names."""
    total = sum(op.cycles + op.stall_cycles for op in result.ops) or 1
    rows = [
        OpTime(
            name=f"{op.graph}/{op.op}",
            kind=op.kind,
            unit=op.unit,
            times=op.count,
            ms=cycles_to_ms(op.cycles + op.stall_cycles, result.clock_hz) / max(1, op.count),
            share=(op.cycles + op.stall_cycles) / total,
        )
        for op in result.ops
    ]
    return sorted(rows, key=lambda row: (-row.share, row.name))[:most]


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
