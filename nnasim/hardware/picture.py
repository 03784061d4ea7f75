"""A chip in one line, and as a table for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnasim import markup
from nnasim.hardware.field_units import leaves, unit_of
from nnasim.hardware.section import DESCRIPTIVE

if TYPE_CHECKING:
    from nnasim.hardware.config import NnaConfig


def chip_line(chip: NnaConfig) -> str:
    """The chip in one line: array, clock, memories, arithmetic, hand-off."""
    numerics, dram = chip.numerics, chip.dram
    return markup.visible(
        f"NnaConfig {chip.name}: {chip.mac_array.macs:,} MAC/cycle at {chip.clock_hz / 1e6:g} MHz, "
        f"SRAM {chip.sram.bytes / 1024:g} KiB, DRAM {dram.bytes_per_second / 1e9:g} GB/s x {dram.efficiency:g}, "
        f"{numerics.activation} with {numerics.weight_bits}-bit weights, hand-off {chip.host.handoff_us:g} us"
    )


def chip_html(chip: NnaConfig) -> str:
    """The line, and every field with its value and unit, collapsed, as offline HTML."""
    data = chip.model_dump(mode="json", exclude=set(DESCRIPTIVE), exclude_none=True)
    rows = [(field, value, unit_of(field)) for field, value in leaves(data)]
    table = markup.table(("field", "value", "unit"), rows, most=len(rows))
    return f"<div>{markup.paragraphs([chip_line(chip)])}<details><summary>fields</summary>{table}</details></div>"
