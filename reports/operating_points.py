"""The layers of a result as points of a roofline, and whether DRAM or MAC array is the roof above them."""

from __future__ import annotations

from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.figures.roofline import Layer, roofline
from reports.figures.style import Drawing
from reports.text import shortened


def roofline_of(name: str, label: str, result: SimResult) -> Drawing | None:
    """Draw the layers of the NNA that multiply; None where there are none, or where a roof is not known."""
    dram = result.hardware.get("dram")
    rate = dram.get("bytes_per_second") if isinstance(dram, dict) else None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0 or not result.peak_macs_per_cycle:
        return None
    layers, peak = layers_of(result), result.peak_macs_per_cycle * result.clock_hz
    below = sum(layer.intensity is not None and layer.intensity < peak / rate for layer in layers)
    title = f"{shortened(label, 24)}: DRAM is the roof of {below} of {len(layers)} layers"
    return roofline(name, title, layers, peak, float(rate))


def layers_of(result: SimResult) -> list[Layer]:
    """Each layer's multiply-accumulates over its bytes and over the time in which its blocks worked or waited."""
    sums: dict[tuple[str, str], tuple[int, int, int]] = {}
    for op in result.ops:
        if op.unit == "nna" and op.macs:
            macs, read, cycles = sums.get((op.graph, op.layer), (0, 0, 0))
            sums[op.graph, op.layer] = (macs + op.macs, read + op.bytes, cycles + op.cycles + op.stall_cycles)
    return [
        Layer(layer, macs / read if read else None, macs / (cycles_to_ms(cycles, result.clock_hz) / 1e3))
        for (_, layer), (macs, read, cycles) in sums.items()
        if cycles
    ]
