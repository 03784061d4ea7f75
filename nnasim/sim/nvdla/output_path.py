"""The output stage, which processes values on their way to memory: engines BS, BN and EW, and the look-up table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# source: NVDLA's output stage: a bypassed unit is a wire; X (BS, BN) has 2 registers to add, 1 to multiply, 4 always;
# Y (EW) multiplies in 3 and adds in 2, and has 2 always. The table's 12 are measured (index, look-up, interpolation).
X_ALWAYS, X_ADD, X_MULTIPLY = 4, 2, 1
Y_ALWAYS, Y_ADD, Y_MULTIPLY = 2, 2, 3
TABLE = 12
EW_VALUES_PER_CYCLE = 1  # source: NVDLA's SDP_EW_THROUGHPUT of the small full configuration
# An operand has fewer registers to pass than the value that it meets. measured
X_OPERAND_LEAD, Y_OPERAND_LEAD = 2, 1


@dataclass(frozen=True)
class Engine:
    """One engine: its work on each value. ``operand_bytes``: bytes that it reads from memory per value, 0 for none."""

    add: bool = False
    multiply: bool = False
    relu: bool = False
    operand_bytes: int = 0

    @property
    def used(self) -> bool:
        """Whether values pass its registers at all."""
        return self.add or self.multiply or self.relu


class Operand(NamedTuple):
    """A stream of operands, and how many cycles later than the value itself it may come.

    ``per_channel``: behind a product, all rows take the same operands.
    """

    bytes_per_value: int
    lead: int
    per_channel: bool


@dataclass(frozen=True)
class OutputPath:
    """The engines that values pass, in their order: BS, BN, EW, table.

    Timing law: BS and BN take ``values_per_cycle`` values a cycle, EW and the table behind it one. The registers of
    each unit in use add up to ``latency``. Operands come from memory in a stream per engine.

    Not modelled
        NVDLA output path: operand conversion in the element-wise engine, one cycle more
    """

    bs: Engine = Engine()
    bn: Engine = Engine()
    ew: Engine = Engine()
    table: bool = False

    @property
    def latency(self) -> int:
        """Cycles that a value takes longer than on the plain path."""
        return self._x(self.bs) + self._x(self.bn) + self._y() + (TABLE if self.table else 0)

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The streams that are read from memory, in the order of their engines."""
        before_bn = self._x(self.bs)
        before_ew = before_bn + self._x(self.bn)
        streams = (
            Operand(self.bs.operand_bytes, X_OPERAND_LEAD, True),
            Operand(self.bn.operand_bytes, X_OPERAND_LEAD + before_bn, True),
            Operand(self.ew.operand_bytes, Y_OPERAND_LEAD + before_ew, False),
        )
        return tuple(stream for stream in streams if stream.bytes_per_value)

    def values_per_cycle(self, widest: int) -> int:
        """Values a cycle where the rest of the output stage takes ``widest``."""
        return min(widest, EW_VALUES_PER_CYCLE) if self.ew.used or self.table else widest

    def _x(self, engine: Engine) -> int:
        if not engine.used:
            return 0
        return X_ALWAYS + X_ADD * engine.add + X_MULTIPLY * engine.multiply

    def _y(self) -> int:
        if not self.ew.used:
            return 0
        return Y_ALWAYS + Y_ADD * self.ew.add + Y_MULTIPLY * self.ew.multiply


PLAIN = OutputPath()
