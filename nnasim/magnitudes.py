"""Values that nobody means: outside of every known thing's range by so much that a unit was mixed up."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Magnitude:
    """What a value in ``unit`` can be: ``low`` to ``high`` with everything that exists inside, about ``typical``.

    ``slips``: (other unit, its size in ``unit``) that people give instead. 0 is believed: it leaves a thing out.
    """

    low: float
    typical: float
    high: float
    unit: str
    slips: tuple[tuple[str, float], ...] = ()

    def doubt(self, field: str, value: float) -> str | None:
        """One line that names ``field``, its value, the unit and the one that was meant; None if plausible."""
        if value == 0 or self.low <= value <= self.high:
            return None
        line = f"{field} = {_short(value)} is in {self.unit}, expected are {_short(self.low)} to {_short(self.high)}"
        meant = self.meant(value)
        return f"{line}; {meant}" if meant else line

    def meant(self, value: float) -> str | None:
        """The question whether ``value`` was given in another unit; None if it fits none of them."""
        meant = [(name, value * size) for name, size in self.slips if self.low <= value * size <= self.high]
        if not meant:
            return None
        name, right = min(meant, key=lambda candidate: abs(math.log(candidate[1] / self.typical)))
        return f"did you mean {_short(value)} {name}, which is {_short(right)}?"


def _short(value: float) -> str:
    """1e+09 as 1e9."""
    mantissa, e, exponent = f"{value:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
