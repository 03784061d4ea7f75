"""The layers under the roof that the chip's DRAM and MAC array make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.figures.style import BLUE, Drawing, canvas, drawn
from reports.text import number, percent, shortened

_DECADE = 10.0


class Layer(NamedTuple):
    """A layer's multiply-accumulates per byte from DRAM, and per second of its block's time.

    ``intensity``: None if it read no byte, since its weights stay in SRAM.
    """

    name: str
    intensity: float | None
    macs_per_second: float


class Roof(NamedTuple):
    """The layers of one result, and what bounds them: ``peak`` [MAC/s] and the DRAM's bytes a second."""

    layers: Sequence[Layer]
    peak: float
    bytes_per_second: float

    @property
    def ridge(self) -> float:
        """MACs for each byte from which on the MAC array is the lower bound."""
        return self.peak / self.bytes_per_second

    def above(self, layer: Layer) -> float:
        """The most MAC/s that a layer could do."""
        return self.peak if layer.intensity is None else min(self.peak, layer.intensity * self.bytes_per_second)

    def is_memory_bound(self, layer: Layer) -> bool:
        """Whether DRAM is the lower bound."""
        return layer.intensity is not None and layer.intensity < self.ridge

    def reach(self) -> tuple[float, float]:
        """The ends of the axis of intensity: a decade beyond the layers and the ridge."""
        known = [self.ridge, *(layer.intensity for layer in self.layers if layer.intensity is not None)]
        return min(known) / _DECADE, max(known) * _DECADE


def finding(label: str, roof: Roof) -> str:
    """The figure's title."""
    below, layers = sum(map(roof.is_memory_bound, roof.layers)), len(roof.layers)
    best = percent(max(layer.macs_per_second / roof.above(layer) for layer in roof.layers), 0)
    bound, count = ("DRAM", below) if below else ("the MAC array", layers)
    return f"{shortened(label, 24)}: {bound} is the roof of {count} of {layers} layers, the best at {best} of it"


def roofline(name: str, title: str, roof: Roof) -> Drawing:
    """A figure: each layer below what DRAM and MAC array could do at its intensity."""
    import numpy as np

    layers, peak, bytes_per_second, ridge = roof.layers, roof.peak, roof.bytes_per_second, roof.ridge
    low, high = roof.reach()
    with canvas(name, 3.4) as figure:
        axes = figure.add_subplot()
        across = np.array([low, ridge, high])
        bound = np.minimum(across * bytes_per_second, peak)
        axes.plot(across, bound / 1e9, color="black", linewidth=1.5)
        axes.fill_between(across, bound / 1e9, bound.max() / 1e9 * _DECADE, color="#eeeeee")
        axes.annotate(f"MAC array {number(peak / 1e9)} GMAC/s", (high, peak / 1e9), xytext=(-4, 4),
                      textcoords="offset points", ha="right", fontsize=8)  # fmt: skip
        axes.annotate(f"DRAM {number(bytes_per_second / 1e9)} GB/s", (ridge, peak / 1e9), xytext=(-8, 4),
                      textcoords="offset points", ha="right", fontsize=8)  # fmt: skip
        for layer in layers:
            place, shape = (high, ">") if layer.intensity is None else (layer.intensity, "o")
            axes.plot(
                place, layer.macs_per_second / 1e9, shape, color=BLUE,
                markeredgecolor="black", markeredgewidth=0.5, markersize=6, clip_on=False,
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", xlim=(low, high))
        lowest = min(layer.macs_per_second for layer in layers)
        axes.set_ylim(min(lowest, float(bound.min())) / 1e9 / 2, peak / 1e9 * 3)
        axes.set_xlabel("multiply-accumulates per byte from DRAM; ▸: none read")
        axes.set_ylabel("GMAC/s while its block works or waits")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set_minor_formatter("")
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        text = "; ".join(f"{shortened(layer.name)}: {number(layer.macs_per_second / 1e9)} GMAC/s" for layer in layers)
        return drawn(figure, title, text)
