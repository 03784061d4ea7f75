"""The event model: the only folder that imports simpy."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from itertools import takewhile

from nnasim.hardware import NnaConfig
from nnasim.ir.operands import OPERANDS

_HEADING = "\nNot modelled\n"


def not_modelled(chip: NnaConfig, kinds: Collection[str] = ()) -> tuple[str, ...]:
    """The lines of what the blocks of ``chip`` leave out, for the report.

    A line that begins with a kind of operation, as "conv: ...", concerns those that have such operations: ``kinds``.
    """
    from nnasim.sim.blocks import activation_unit, dma, dram, host, mac_unit, other_load, sequencer, sram

    blocks: list[type] = [
        sequencer.Sequencer,
        dma.Dma,
        type(chip.dram_model),
        dram.Dram,
        sram.Sram,
        mac_unit.MacUnit,
        type(chip.mac_array_law),
    ]
    if chip.activation_unit is not None:
        blocks.append(activation_unit.ActivationUnit)
    blocks.append(host.Host)
    if chip.host.has_other_load:
        blocks.append(other_load.OtherLoad)
    return tuple(item for block in blocks for item in left_out(block) if _concerns(item, kinds))


def _concerns(item: str, kinds: Collection[str]) -> bool:
    kind = item.partition(":")[0]
    return kind in kinds or kind not in OPERANDS


def left_out(block: type) -> tuple[str, ...]:
    """The lines below "Not modelled" in a block's docstring; () if it has no such heading."""
    below = inspect.cleandoc(block.__doc__ or "").partition(_HEADING)[2]
    return tuple(line.strip() for line in takewhile(lambda line: line.startswith(" "), below.splitlines()))
