"""Layers under the roof of DRAM and MAC array: each says how near it comes to it."""

from __future__ import annotations

import math

from reports.chart import INK, SOFT, Chart, Columns, Entry, Legend, Spec
from reports.charts.parts import ACROSS, HIDDEN, SHOWN, colored, shaped, told, tooltip
from reports.figures.roofline import Layer, Roof
from reports.figures.style import BLUE, GREEN, ORANGE
from reports.text import NOT_COMPUTED, number, percent

_HEIGHT = 280
BELOW_DRAM, BELOW_ARRAY, NOTHING_READ = "DRAM is the roof", "the MAC array is the roof", "reads nothing from DRAM"
_SHAPES = ("circle", "square", "triangle-right")
_HEADINGS = ("layer", "roof", "MACs per byte", "GMAC/s", "of its roof")


def roofline_chart(name: str, title: str, roof: Roof) -> tuple[Chart, ...]:
    """Each layer's multiply-accumulates a second over those for each byte, both logarithmic."""
    kinds = [_kind(roof, layer) for layer in roof.layers]
    looks = ((BELOW_DRAM, ORANGE), (BELOW_ARRAY, BLUE), (NOTHING_READ, GREEN))
    entries = Legend(tuple(Entry(kind, kind, color) for kind, color in looks if kind in kinds))
    shapes = [shape for (kind, _), shape in zip(looks, _SHAPES, strict=True) if kind in kinds]
    low, high = roof.reach()
    lowest = min(low * roof.bytes_per_second, *(layer.macs_per_second for layer in roof.layers))
    top = 3 * roof.peak / 1e9
    log = {"type": "log", "nice": False}
    bottom = lowest / 1e9 / 2
    along = {"type": "quantitative", "title": "multiply-accumulates per byte from DRAM",
             "scale": {**log, "domain": [low, high]}, "axis": _decades(low, high)}  # fmt: skip
    upwards = {"type": "quantitative", "title": "GMAC/s while its block works or waits",
               "scale": {**log, "domain": [bottom, top]}, "axis": _decades(bottom, top)}  # fmt: skip
    spec: Spec = {
        **ACROSS,
        "height": _HEIGHT,
        "params": [HIDDEN],
        "encoding": {"x": {"field": "intensity", **along}, "y": {"field": "rate", **upwards}},
        "layer": [
            *_roof_layers(roof, low, high, top),
            {
                "data": {"name": name},
                "transform": [SHOWN],
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "stroke": {"expr": INK},
                         "strokeWidth": 0.7},
                "encoding": {
                    "color": colored(entries), "shape": shaped(entries, shapes), "tooltip": tooltip(_HEADINGS),
                },
            },
        ],
    }  # fmt: skip
    return (
        Chart(title, spec, {name: _columns(roof, kinds, high)}, legend=entries if len(entries.entries) > 1 else None),
    )


def _decades(low: float, high: float) -> Spec:
    """An axis with a line for each power of ten: those between would hide the points."""
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    return {"values": [10.0**power for power in powers], "format": "~g"}


def _kind(roof: Roof, layer: Layer) -> str:
    if layer.intensity is None:
        return NOTHING_READ
    return BELOW_DRAM if roof.is_memory_bound(layer) else BELOW_ARRAY


def _roof_layers(roof: Roof, low: float, high: float, top: float) -> list[Spec]:
    """The layers of the roof: the area beyond it, its lines, and the label of each half."""
    corners = [
        {"intensity": at, "rate": min(at * roof.bytes_per_second, roof.peak) / 1e9, "top": top}
        for at in (low, roof.ridge, high)
    ]
    halves = (
        (roof.ridge, f"DRAM {number(roof.bytes_per_second / 1e9)} GB/s", -24),  # above the other, where both meet
        (high, f"MAC array {number(roof.peak / 1e9)} GMAC/s", -8),
    )
    text = {"type": "text", "align": "right", "dx": -6, "aria": False, "tooltip": None}
    return [
        {"data": {"values": corners}, "mark": {"type": "area", "color": {"expr": SOFT}, "aria": False},
         "encoding": {"y2": {"field": "top"}}},
        {"data": {"values": corners}, "mark": {"type": "line", "color": {"expr": INK}, "aria": False}},
        *(
            {"data": {"values": [{"intensity": at, "rate": roof.peak / 1e9}]}, "mark": {**text, "dy": dy},
             "encoding": {"text": {"value": words}}}
            for at, words, dy in halves
        ),
    ]  # fmt: skip


def _columns(roof: Roof, kinds: list[str], high: float) -> Columns:
    tells = [
        (
            layer.name, kind, NOT_COMPUTED if layer.intensity is None else number(layer.intensity),
            number(layer.macs_per_second / 1e9), percent(layer.macs_per_second / roof.above(layer), 1),
        )
        for layer, kind in zip(roof.layers, kinds, strict=True)
    ]  # fmt: skip
    return {
        "series": kinds,
        "intensity": [high if layer.intensity is None else layer.intensity for layer in roof.layers],
        "rate": [layer.macs_per_second / 1e9 for layer in roof.layers],
        **told({heading: [tell[n] for tell in tells] for n, heading in enumerate(_HEADINGS)}),
    }
