"""Doubts about values of a chip that no one would build, one line for each. Such a chip is legal, and runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from nnasim.hardware.config import NnaConfig
from nnasim.hardware.costs import DramEnergyConfig
from nnasim.limits import LARGEST_FIGURE
from nnasim.magnitudes import Magnitude

KB, MB = 1 << 10, 1 << 20
# Banks between which the energy of an access was published (8 KB to 1 MB), four times as far on either side.
BANK_BYTES = 2 * KB, 4 * MB

_RATE = Magnitude(1e6, 4e9, 1e14, "bytes a second", (("GB/s", 1e9), ("MB/s", 1e6), ("KB/s", 1e3)))
_CROSSING = Magnitude(1e-3, 50, 1e4, "us", (("ns", 1e-3), ("ms", 1e3), ("s", 1e6)))
_COMPUTE = Magnitude(1e-3, 8, 1e4, "10^9 operations a second", (("TOP/s", 1e3), ("MOP/s", 1e-3), ("OP/s", 1e-9)))
_CAPACITY = Magnitude(256, 4e5, 2**33, "bytes", (("KB", KB), ("MB", MB)))
_POWER = Magnitude(0.1, 250, 1e6, "mW", (("W", 1e3), ("uW", 1e-3)))
_PICOJOULE = Magnitude(1e-3, 1, 1e5, "pJ", (("nJ", 1e3), ("fJ", 1e-3)))
_LEAKAGE = Magnitude(1e-4, 1, 1e4, "uW", (("mW", 1e3), ("nW", 1e-3), ("W", 1e6), ("pW", 1e-6)))
_AREA = Magnitude(1e-2, 100, 1e5, "um2", (("mm2", 1e6), ("nm2", 1e-6)))

FIELDS = {
    "clock_hz": Magnitude(1e6, 5e8, 2e10, "Hz", (("MHz", 1e6), ("GHz", 1e9), ("kHz", 1e3))),
    "sram.bytes": _CAPACITY,
    "sram.bytes_per_cycle": Magnitude(0.1, 16, 2**16, "bytes a cycle"),
    "dram.bytes_per_second": _RATE,
    "dram.read_latency_ns": Magnitude(0.5, 100, 1e5, "ns", (("us", 1e3), ("s", 1e9), ("ps", 1e-3))),
    "host.memory_bytes_per_second": _RATE,
    "host.handoff_us": _CROSSING,
    "host.handoff_driver_us": _CROSSING,
    "host.handoff_interrupt_us": _CROSSING,
    "host.handoff_cache_ns_per_byte": Magnitude(1e-6, 0.3, 1e3, "ns", (("ps", 1e-3), ("s", 1e9))),
    "host.handoff_copy_ns_per_byte": Magnitude(1e-6, 0.3, 1e3, "ns", (("ps", 1e-3), ("s", 1e9))),
    "host.float_matmul_gflops": _COMPUTE,
    "host.int8_matmul_gops": _COMPUTE,
    "host.cache_bytes": _CAPACITY,
    "host.other_load_us": Magnitude(1e-3, 100, 1e5, "us", (("ns", 1e-3), ("ms", 1e3), ("s", 1e6))),
    "energy.node_nm": Magnitude(0.5, 28, 500, "nm", (("um", 1e3),)),
    "energy.cpu_mw": _POWER,
    "energy.mac_int8_pj": _PICOJOULE,
    "energy.element_pj": _PICOJOULE,
    "energy.sram_bank_pj_per_byte": _PICOJOULE,
    "energy.sram_bank_bytes": _CAPACITY,
    "energy.sram_route_pj_per_byte": _PICOJOULE,
    **{f"energy.dram_pj_per_byte.{kind}": _PICOJOULE for kind in DramEnergyConfig.model_fields},
    "energy.sram_leakage_uw_per_kb": _LEAKAGE,
    "energy.mac_leakage_uw": _LEAKAGE,
    "energy.rest_leakage_mw": Magnitude(1e-4, 0.5, 1e5, "mW", (("W", 1e3), ("uW", 1e-3), ("nW", 1e-6))),
    "area.node_nm": Magnitude(0.5, 28, 500, "nm", (("um", 1e3),)),
    "area.mac_int8_um2": _AREA,
    "area.sram_um2_per_byte": _AREA,
}  # fmt: skip
PER_ELEMENT = {
    "host": ("_ns_per_element", Magnitude(1e-4, 2, 1e4, "ns", (("us", 1e3), ("s", 1e9), ("ps", 1e-3)))),
    "activation_unit": ("_cycles_per_element", Magnitude(1e-5, 1, 1e4, "cycles")),
}


def implausible(chip: NnaConfig) -> list[str]:
    """One line for each value of ``chip`` that was probably given in another unit; none for a chip that one
    could buy.
    """
    return [*_doubts(chip), *_beyond_the_table(chip)]


def _doubts(chip: NnaConfig) -> Iterator[str]:
    for field, magnitude in magnitudes(chip):
        value = _nominal(chip, field)
        doubt = None if value is None else magnitude.doubt(field, value)
        if doubt is not None:
            yield doubt


def magnitudes(chip: NnaConfig) -> Iterator[tuple[str, Magnitude]]:
    """The plausible range of each field of ``chip`` for which it is known."""
    yield from FIELDS.items()
    for section, (suffix, magnitude) in PER_ELEMENT.items():
        model: BaseModel | None = getattr(chip, section)
        for name in type(model).model_fields if model else ():
            if name.endswith(suffix):
                yield f"{section}.{name}", magnitude


def meant(field: str, value: object) -> str:
    """A sentence on the unit in which a refused ``value`` of ``field`` may have been given; "" if not known."""
    magnitude = FIELDS.get(field)
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LARGEST_FIGURE
    question = magnitude.meant(float(value)) if magnitude and number else None  # type: ignore[arg-type]
    return f"; {question}" if question else ""


def _nominal(chip: NnaConfig, field: str) -> float | None:
    """The value of ``field``, the middle one of a range; None if the chip has none."""
    value: Any = chip
    for part in field.split("."):
        value = getattr(value, part, None)
    nominal: float | None = value[1] if isinstance(value, tuple) else value
    return nominal


def _beyond_the_table(chip: NnaConfig) -> Iterator[str]:
    bank = chip.sram.bytes / chip.sram.banks
    if chip.energy is not None and not BANK_BYTES[0] <= bank <= BANK_BYTES[1]:
        yield (
            f"sram.banks = {chip.sram.banks} of {bank / KB:g} KB each: the energy of an access is known for banks of "
            f"8 KB to 1 MB and is extrapolated"
        )
