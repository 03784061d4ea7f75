"""The interface for moving and computing data in a functional run. Timing alone needs none: this base class does
nothing.
"""

from __future__ import annotations

from nnasim.ir.program import Command, Transfer
from nnasim.ir.run import Step


class Datapath:
    """Told by the machine when steps, transfers and commands begin and end, in the order of the events.

    ``buffer``: the weight buffer that holds the data, None for resident weights. A transfer's bytes are there when it
    ends; a command reads its operands when it begins and its results stand when it ends.
    """

    def begin_step(self, step: Step) -> None:
        """Note that a program begins."""

    def end_step(self, step: Step) -> None:
        """Note that a program has ended."""

    def begin_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """Note that a transfer begins to fill its buffer."""

    def end_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """Note that a transfer's last byte has arrived."""

    def begin(self, command: Command, buffer: int | None) -> None:
        """Note that a command reads its operands."""

    def end(self, command: Command) -> None:
        """Note that a command's results are written."""
