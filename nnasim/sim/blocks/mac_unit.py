"""The MAC array as a block of the machine; its family's law says how long a tile takes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile, tile_of
from nnasim.hardware.units import ActivationUnitConfig
from nnasim.ir.program import MatmulCommand
from nnasim.sim.blocks.compute import ComputeBlock
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe


class MacUnit(ComputeBlock):
    """The MAC array, its output stage included.

    Timing law
        That of the family (``MacArrayLaw``), tile by tile. It is never faster than a fused activation takes its outputs
        (its cycles per element, after the fixed cycles of the pass). Nor is it faster than the SRAM's port, which
        delivers weights once and inputs once a pass, and takes outputs once a pass.

    Ports
        ``run(command, arrived)``: execute one tile; ``arrived`` are the events of the program's transfers.

    Not modelled
        data-dependent effects in the MAC array: zero skipping, clock gating
    """

    block = "mac_array"

    def __init__(
        self, env: simpy.Environment, probe: Probe, sram: Sram, datapath: Datapath, law: MacArrayLaw,
        activation: ActivationUnitConfig | None = None,
    ) -> None:  # fmt: skip
        super().__init__(env, probe, sram, datapath)
        self.law, self.activation = law, activation
        self._known: dict[MatmulTile, int] = {}

    def run(self, command: MatmulCommand, arrived: Sequence[simpy.Event]) -> Generator[simpy.Event, Any, None]:
        """Execute one tile."""
        return self.occupy(command, max(self._tile_cycles(command), self._activation_cycles(command)), arrived)

    def _activation_cycles(self, command: MatmulCommand) -> int:
        """Cycles in which the table takes the tile's outputs, of an activation that rides behind it."""
        if command.rides is None or self.activation is None:
            return 0
        start = self.law.fixed_cycles if command.first else 0
        return start + self.activation.cycles(command.rides, command.outputs)

    def _tile_cycles(self, command: MatmulCommand) -> int:
        """The law's cycles of the command's tile; a program has thousands of tiles, but few that differ."""
        tile = tile_of(command)
        cycles = self._known.get(tile)
        if cycles is None:
            cycles = self._known[tile] = self.law.tile_cycles(tile)
        return cycles
