"""The table of any function of one value: how far its input should reach, and what its entries are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from nnasim.numerics.activation import ActivationUnit, table_unit, unit_kind
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import highest, lowest
from nnasim.numerics.histogram import BINS, POINTS_PER_BIN, SHARES, Histogram
from nnasim.numerics.rescale import Rescale
from nnasim.numerics.tables import table_of
from workloads.stepgraph.graph import Array
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.integers.scales import LARGEST_SCALE, Scales
from workloads.stepgraph.lowering.trace_draft import Wire
from workloads.stepgraph.normal.point_function import PointFunction

Bits = Literal[8, 16]
ENTRIES: Mapping[Bits, int] = {8: 256, 16: 513}


def table_bits(numerics: NumericsConfig) -> Bits:
    """The size of tables on a chip: that of its activation unit's own output."""
    return unit_kind(numerics.activation).output_bits


def table(op: str, function: PointFunction, entries: str, x: Wire, out: Wire, scales: Scales) -> quantise.Constants:
    """Entries, and the rows into the table's format and out of it."""
    if x.grid.rule in ("index", "truth"):
        reach = float(1 << (8 - 1)) * (1 if table_bits(scales.numerics) == 8 else 2)  # each whole number has its entry
    else:
        assert x.key is not None
        reach = _table_range(op, function, scales.histogram(x.key), x, out, scales)
    unit = _unit(op, function, reach, x, out, scales)
    entry_and_exit = (unit.entry,) if unit.exit is None else (unit.entry, unit.exit)
    return {entries: unit.data["table"].astype(np.int32), f"{op}.rescale": quantise.rows(*entry_and_exit)}


def _table_range(
    op: str, function: PointFunction, histogram: Histogram, x: Wire, out: Wire, scales: Scales
) -> float:  # fmt: skip
    """The range of the table's input with the output nearest to the function on the values that occur."""
    assert x.key is not None
    method = scales.method(x.key)
    least = scales.step(x) * (1 << (table_bits(scales.numerics) - 1)) / LARGEST_SCALE
    if method != "mse" or histogram.is_zero:
        return max(least, histogram.range(method, table_bits(scales.numerics)))
    occurs = histogram.counts > 0
    points = histogram.points.reshape(BINS, POINTS_PER_BIN)[occurs]
    step, bits = scales.step(out), out.grid.bits
    wanted = np.clip(_sound(function, points), lowest(bits) * step, highest(bits) * step)  # what it could put out
    weights = histogram.counts[occurs][:, None]
    seen = quantise.integers(points, scales.step(x), x.grid.bits).astype(np.int64)

    def cost(reach: float) -> float:
        made = _unit(op, function, reach, x, out, scales)(seen) * step
        return float((((made - wanted) ** 2) * weights).sum())

    ranges = [share * histogram.reach for share in SHARES]
    return min([reach for reach in ranges if reach >= least] or [least], key=cost)


def _unit(op: str, function: PointFunction, reach: float, x: Wire, out: Wire, scales: Scales) -> ActivationUnit:
    """The table whose input spans [-reach, reach)."""
    numerics, bits = scales.numerics, table_bits(scales.numerics)
    in_step = reach / (1 << (bits - 1))
    own_step = (
        scales.step(out) * 2.0 ** min(0, out.grid.bits - bits)
        if out.grid.rule == "truth"
        else (scales.step(out) * 2.0 ** (out.grid.bits - bits))
    )
    entry = Rescale.of(scales.step(x) / in_step, numerics.multiplier_bits, rounding=numerics.rounding, name=op)
    leave = Rescale.of(own_step / scales.step(out), numerics.multiplier_bits, rounding=numerics.rounding, name=op)
    return table_unit(
        table_of(lambda values: _sound(function, values), bits, in_step, own_step, op),
        numerics,
        entry=entry,
        exit=None if out.grid.bits == bits else leave,
        out_bits=out.grid.bits,
        function=function.label,
        name=op,
    )


def end_of_range(table: str, is_low: bool, scales: Scales) -> quantise.Constants:
    """Entries that are the least (or the greatest) integer where a truth value is 1, else 0."""
    entries = np.where(np.arange(ENTRIES[8]) > 128, lowest(8) if is_low else highest(8), 0)
    return {table: entries.astype(np.int32)}


def _sound(function: PointFunction, x: Array) -> Array:
    """The function in float64; where it is undefined, as a root below zero, its value at the nearest place."""
    with np.errstate(all="ignore"):
        values = function(np.asarray(x, np.float64))
    bad = np.isnan(values)
    if not bad.any() or bad.all():
        return np.where(bad, 0.0, values)
    flat, places, lost = values.reshape(-1), np.flatnonzero(~bad.reshape(-1)), np.flatnonzero(bad.reshape(-1))
    inputs = np.asarray(x, np.float64).reshape(-1)
    order = np.argsort(inputs[places])
    known = places[order]
    nearest = np.clip(np.searchsorted(inputs[known], inputs[lost]), 0, len(known) - 1)
    filled = flat.copy()
    filled[lost] = flat[known[nearest]]
    return filled.reshape(values.shape)
