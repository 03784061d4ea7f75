"""The event model: the only folder that imports simpy."""

from __future__ import annotations

from typing import Any

from nnasim.hardware import NnaConfig


def not_modelled(config: NnaConfig) -> tuple[str, ...]:
    """The collected "Not modelled" list of the blocks that ``config`` has, for the report."""
    from nnasim.sim.blocks import activation_unit, dma, dram, host, mac_unit, other_load, sequencer, sram

    blocks: list[Any] = [
        sequencer.Sequencer,
        dma.Dma,
        config.dram_model,
        dram.Dram,
        sram.Sram,
        mac_unit.MacUnit,
        config.mac_array_law,
    ]
    if config.activation_unit is not None:
        blocks.append(activation_unit.ActivationUnit)
    blocks.append(host.Host)
    if config.host.has_other_load:
        blocks.append(other_load.OtherLoad)
    return tuple(item for block in blocks for item in block.not_modelled)
