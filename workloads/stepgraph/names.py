"""Names that are given once each."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """A second "fc" is "fc_1"; ``reserved`` names are never given."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = dict.fromkeys(reserved, 0)

    def new(self, wanted: str) -> str:
        """``wanted``, or with the first number behind it that makes it new."""
        if wanted not in self._taken:
            self._taken[wanted] = 0
            return wanted
        count = self._taken[wanted] + 1
        while (name := f"{wanted}_{count}") in self._taken:
            count += 1
        self._taken[wanted] = count
        self._taken[name] = 0
        return name
