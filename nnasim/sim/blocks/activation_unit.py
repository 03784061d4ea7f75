"""Tables and element-wise engine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import simpy

from nnasim.hardware.units import ActivationUnitConfig
from nnasim.ir.program import ElementCommand
from nnasim.sim.blocks.compute import ComputeBlock
from nnasim.sim.blocks.sram import Sram
from nnasim.sim.datapath import Datapath
from nnasim.sim.probe import Probe


class ActivationUnit(ComputeBlock):
    """Table activations, element-wise multiply and add, look-ups and argmax.

    Timing law
        fixed cycles per pass + ceil(elements x cycles per element of the kind), output elements (argmax: input ones);
        never faster than the SRAM's port moves operands and results.

    Ports
        ``run(command, arrived)``: execute one pass.

    Not modelled
        softmax: its single passes, so that a lone row, which takes up to twice as long an element, is too fast
        copy: broadcasting, which takes longer than transposing
    """

    block = "activation_unit"

    def __init__(
        self, env: simpy.Environment, probe: Probe, sram: Sram, datapath: Datapath, config: ActivationUnitConfig
    ) -> None:
        super().__init__(env, probe, sram, datapath)
        self.config = config

    def cycles(self, kind: str, elements: int) -> int:
        """Cycles of one pass over ``elements`` elements."""
        return self.config.fixed_cycles_per_pass + self.config.cycles(kind, elements)

    def run(self, command: ElementCommand, arrived: Sequence[simpy.Event]) -> Generator[simpy.Event, Any, None]:
        """Execute one pass."""
        return self.occupy(command, self.cycles(command.kind, command.elements), arrived)
