"""Energy and area: counts of actions times a table of (low, nominal, high) per action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nnasim.hardware import NnaConfig
from nnasim.hardware.units import EnergyConfig


class Spread(NamedTuple):
    """A figure with its uncertainty."""

    low: float
    nominal: float
    high: float

    def times(self, factor: float) -> Spread:
        """Each of the three times ``factor``."""
        return Spread(*(value * factor for value in self))


def energy_mj(table: EnergyConfig, actions: Mapping[str, int], cycles: int, clock_hz: float) -> dict[str, Spread]:
    """Energy in mJ by part; ``total`` is their sum.

    ``cycles``: all cycles, since leakage does not stop. Hand-offs burn CPU power for as long as they take.
    """
    pj, seconds = 1e-9, cycles / clock_hz
    cpu_seconds = (actions["cpu_cycles"] + actions["handoff_cycles"]) / clock_hz
    parts = {
        "mac_array": Spread(*table.mac_int8_pj).times(actions["mac_int8"] * pj),
        "sram": Spread(*table.sram_pj_per_byte).times(actions["sram_bytes"] * pj),
        "dram": Spread(*table.dram_pj_per_byte).times(actions["dram_bytes"] * pj),
        "activation_unit": Spread(*table.element_pj).times(actions["element"] * pj),
        "cpu": Spread(*table.cpu_mw).times(cpu_seconds),
        "leakage": Spread(*table.leakage_mw).times(seconds),
    }
    parts["total"] = Spread(*(sum(column) for column in zip(*parts.values(), strict=True)))
    return parts


def area_mm2(config: NnaConfig) -> dict[str, Spread]:
    """Area in mm2 of MAC array and SRAM, and their sum; empty without an area table."""
    if config.area is None:
        return {}
    parts = {
        "mac_array": Spread(*config.area.mac_int8_um2).times(config.mac_array.macs * 1e-6),
        "sram": Spread(*config.area.sram_um2_per_byte).times(config.sram.bytes * 1e-6),
    }
    parts["total"] = Spread(*(sum(column) for column in zip(*parts.values(), strict=True)))
    return parts
