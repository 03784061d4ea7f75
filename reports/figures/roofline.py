"""Where layers stand under the roof that the chip's DRAM and MAC array make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.figures.style import BLUE, Drawing, canvas, drawn
from reports.text import number, shortened

MOST_NAMED = 6
_DECADE = 10.0


class Layer(NamedTuple):
    """What a layer did: multiply-accumulates for each byte from DRAM, and each second of its block's time.

    ``intensity``: None where it read no byte, since its weights stay in SRAM.
    """

    name: str
    intensity: float | None
    macs_per_second: float


def roofline(
    name: str, title: str, layers: Sequence[Layer], peak: float, bytes_per_second: float
) -> Drawing | None:  # fmt: skip
    """Draw each layer below min(``peak`` [MAC/s], intensity x ``bytes_per_second``); None of nothing."""
    import numpy as np

    if not layers:
        return None
    known = [layer.intensity for layer in layers if layer.intensity is not None]
    ridge = peak / bytes_per_second
    low, high = min([*known, ridge]) / _DECADE, max([*known, ridge]) * _DECADE
    with canvas(name, 3.4) as figure:
        axes = figure.add_subplot()
        across = np.array([low, ridge, high])
        roof = np.minimum(across * bytes_per_second, peak)
        axes.plot(across, roof / 1e9, color="black", linewidth=1.5)
        axes.fill_between(across, roof / 1e9, roof.max() / 1e9 * _DECADE, color="#eeeeee")
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
        axes.set_ylim(min(lowest, float(roof.min())) / 1e9 / 2, peak / 1e9 * 3)
        axes.set_xlabel("multiply-accumulates per byte from DRAM; ▸: none read")
        axes.set_ylabel("GMAC/s while its block works or waits")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set_minor_formatter("")
        axes.grid(color="#dddddd", linewidth=0.5)
        axes.set_title(title)
        text = "; ".join(f"{shortened(layer.name)}: {number(layer.macs_per_second / 1e9)} GMAC/s" for layer in layers)
        return drawn(figure, title, text)
