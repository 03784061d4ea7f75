"""The nearest value of which another is a function: where a chain of point-wise nodes can be cut.

Through it lead all ways from what the chain begins with, however they branch behind it and meet again: the value's
immediate dominator. What two operands have in common is found by going up from both (Cooper, Harvey and Kennedy, "A
simple, fast dominance algorithm", 2001).
"""

from __future__ import annotations

from collections.abc import Sequence

FURTHEST = 500
"""The most nodes that are looked at upwards: a function of more would take too long to tabulate."""


class Nearest:
    """Values in the order in which they are made. ``nodes``: of each, how many lie between it and the nearest one.

    A node that several ways lead to counts once for each.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, int] = {}
        self._above: dict[str, str] = {}
        self._depth: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, value: str, operands: Sequence[str]) -> str | None:
        """Note that ``value`` is made of ``operands`` alone; returns the nearest value that all of these are a function
        of.

        None if there is none: then the value is itself the first of a chain.
        """
        if len({self._first.get(name, name) for name in operands}) > 1:
            return None
        first, *others = operands
        above: str | None = first
        for other in others:
            above = None if above is None else self._common(above, other)
        if above is None:
            return None
        self._above[value], self._depth[value] = above, self._depth.get(above, 0) + 1
        self._first[value] = self._first.get(above, above)
        self.nodes[value] = min(FURTHEST, 1 + sum(self._between(above, name) for name in operands))
        return above

    def _common(self, a: str, b: str) -> str | None:
        """The value that ``a`` and ``b``, of one chain, are both a function of, or equal to."""
        for _ in range(FURTHEST):
            if a == b:
                return a
            if self._depth.get(a, 0) < self._depth.get(b, 0):
                a, b = b, a
            a = self._above[a]
        return None

    def _between(self, above: str, value: str) -> int:
        """The number of nodes from ``above`` to ``value``."""
        count = 0
        while value != above:
            count, value = count + self.nodes[value], self._above[value]
        return count
