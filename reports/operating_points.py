"""The layers of a result as points below a roof, which DRAM and MAC array make."""

from __future__ import annotations

from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports.figures.roofline import Layer, Roof


def roof_of(result: SimResult) -> Roof | None:
    """The layers of the NNA that multiply, and their roof; None if there are none, or if the roof is not known."""
    dram = result.hardware.get("dram")
    rate = dram.get("bytes_per_second") if isinstance(dram, dict) else None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate <= 0 or not result.peak_macs_per_cycle:
        return None
    layers = layers_of(result)
    return Roof(layers, result.peak_macs_per_cycle * result.clock_hz, float(rate)) if layers else None


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
