"""Energy and area: counts of actions times a table of (low, nominal, high) per action."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from nnasim.hardware import NnaConfig
from nnasim.hardware.costs import EnergyConfig
from nnasim.hardware.memory import DramConfig, SramConfig

KB, MB = 1 << 10, 1 << 20
TABLE_PORT_BYTES = 8  # width of the port that the energy table's SRAM figures are for


class Spread(NamedTuple):
    """A figure with its uncertainty."""

    low: float
    nominal: float
    high: float

    def times(self, factor: float) -> Spread:
        """Low, nominal and high, each multiplied by ``factor``."""
        return Spread(*(value * factor for value in self))

    def plus(self, other: Spread) -> Spread:
        """Low, nominal and high, each with that of ``other`` added."""
        return Spread(*(value + added for value, added in zip(self, other, strict=True)))


def energy_mj(chip: NnaConfig, actions: Mapping[str, int], cycles: int) -> dict[str, Spread]:
    """Energy in mJ by part; ``total`` is their sum. Empty without an energy table.

    ``cycles``: all cycles, since leakage does not stop. Hand-offs burn CPU power for as long as they take.
    """
    table = chip.energy
    if table is None:
        return {}
    pj, seconds = 1e-9, cycles / chip.clock_hz
    cpu_seconds = (actions["cpu_cycles"] + actions["handoff_cycles"]) / chip.clock_hz
    return _with_total(
        {
            "mac_array": Spread(*table.mac_int8_pj).times(actions["mac_int8"] * pj),
            "sram": sram_pj_per_byte(chip.sram, table).times(actions["sram_bytes"] * pj),
            "dram": _dram_pj_per_byte(chip.dram, table).times(actions["dram_bytes"] * pj),
            "activation_unit": Spread(*table.element_pj).times(actions["element"] * pj),
            "cpu": Spread(*table.cpu_mw).times(cpu_seconds),
            "leakage": leakage_mw(chip, table).times(seconds),
        }
    )


def sram_pj_per_byte(sram: SramConfig, table: EnergyConfig) -> Spread:
    """Energy of one byte in or out of SRAM [pJ]: its bank's cells and lines, and the way across the banks.

    A bank's share is a power law of its capacity (the table's, from 1 KB upwards: smaller ones are all periphery) and
    falls with the port's width, since decoder and word line serve all of its bytes. The way is as long as the whole is
    wider than one bank.
    """
    bank = max(sram.bytes / sram.banks, KB)
    size = (bank / table.sram_bank_bytes) ** table.sram_bank_exponent
    width = 1 - table.sram_fixed_share + table.sram_fixed_share * TABLE_PORT_BYTES / max(1.0, sram.bytes_per_cycle)
    way = math.sqrt(sram.bytes / MB) - math.sqrt(sram.bytes / sram.banks / MB)
    return (
        Spread(*table.sram_bank_pj_per_byte).times(size * width).plus(Spread(*table.sram_route_pj_per_byte).times(way))
    )


def leakage_mw(chip: NnaConfig, table: EnergyConfig) -> Spread:
    """Leakage of SRAM (cells, and what serves each bank's ports), MAC array and all else [mW]."""
    sram = chip.sram
    ports = sram.banks * sram.ports * max(1.0, sram.bytes_per_cycle) / TABLE_PORT_BYTES
    cells = sram.bytes + ports * table.sram_bank_overhead_bytes
    return (
        Spread(*table.sram_leakage_uw_per_kb)
        .times(cells / KB * 1e-3)
        .plus(Spread(*table.mac_leakage_uw).times(chip.mac_array.macs * 1e-3))
        .plus(Spread(*table.rest_leakage_mw))
    )


def _dram_pj_per_byte(dram: DramConfig, table: EnergyConfig) -> Spread:
    row = table.dram_pj_per_byte.of(dram.kind) if dram.kind else None
    assert row is not None, "a chip is checked for it"
    return Spread(*row)


def _with_total(parts: dict[str, Spread]) -> dict[str, Spread]:
    return {**parts, "total": Spread(*(sum(column) for column in zip(*parts.values(), strict=True)))}


def area_mm2(chip: NnaConfig) -> dict[str, Spread]:
    """Area in mm2 of MAC array and SRAM, and their sum; empty without an area table."""
    if chip.area is None:
        return {}
    parts = {
        "mac_array": Spread(*chip.area.mac_int8_um2).times(chip.mac_array.macs * 1e-6),
        "sram": Spread(*chip.area.sram_um2_per_byte).times(chip.sram.bytes * 1e-6),
    }
    return _with_total(parts)
