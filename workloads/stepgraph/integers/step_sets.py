"""Sets of values whose integers are worth the same, but for a known factor: a union-find with ratios."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class StepSets(Generic[KeyT]):
    """Sets of keys with related steps; at first every key is alone."""

    def __init__(self) -> None:
        self._above: dict[KeyT, tuple[KeyT, float]] = {}

    def root(self, key: KeyT) -> tuple[KeyT, float]:
        """The key that stands for the set of ``key``, and the worth of ``key``'s integers against that one's."""
        path = list[KeyT]()
        while key in self._above:
            path.append(key)
            key = self._above[key][0]
        ratio = 1.0
        for name in reversed(path):  # from the root down; each is put right below it, so that paths stay short
            ratio *= self._above[name][1]
            self._above[name] = key, ratio
        return key, ratio

    def join(self, a: KeyT, b: KeyT, ratio: float = 1.0) -> None:
        """Set the step of ``b`` to ``ratio`` times that of ``a``, unless they are related already."""
        (root_a, of_a), (root_b, of_b) = self.root(a), self.root(b)
        if root_a != root_b:
            self._above[root_b] = root_a, of_a * ratio / of_b
