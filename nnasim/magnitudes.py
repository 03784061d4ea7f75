"""Ranges of plausible values. A value far outside of every known device's range was probably given in the wrong
unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnasim.allowed import unscaled


@dataclass(frozen=True)
class Magnitude:
    """The plausible values of a quantity in ``unit``: ``low`` to ``high`` covers every device that exists, ``typical``
    is common.

    ``slips``: (other unit, its size in ``unit``) that people give by mistake. 0 is accepted: it leaves a cost out.
    """

    low: float
    typical: float
    high: float
    unit: str
    slips: tuple[tuple[str, float], ...] = ()

    def doubt(self, field: str, value: float) -> str | None:
        """A line that names ``field``, its value, its unit and the unit that was probably meant; None if plausible."""
        if value == 0 or self.low <= value <= self.high:
            return None
        line = f"{field} = {_short(value)} is in {self.unit}, expected are {_short(self.low)} to {_short(self.high)}"
        meant = self.meant(value)
        return f"{line}; {meant}" if meant else line

    def meant(self, value: float) -> str | None:
        """A question whether ``value`` was given in another unit; None if no other unit fits."""
        meant = [(name, value * size) for name, size in self.slips if self.low <= value * size <= self.high]
        if not meant:
            return None
        name, right = min(meant, key=lambda candidate: abs(math.log(candidate[1] / self.typical)))
        return f"did you mean {_short(value)} {name}, which is {_short(right)}?"


def _short(value: float) -> str:
    """1e+09 as 1e9."""
    if text := unscaled(value):
        return text
    mantissa, e, exponent = f"{value:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
