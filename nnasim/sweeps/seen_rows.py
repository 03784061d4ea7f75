"""The rows that were met before, of a store in which a page may be reached twice: digests alone, in one table."""

from __future__ import annotations

from array import array
from hashlib import blake2b

from nnasim.sweeps.database import Row

_DIGEST_BYTES = 8  # of ten million rows, two share a digest once in 400,000 stores


class SeenRows:
    """A set of rows: open addressing, whose memory is taken once for ``most`` of them, and doubled for more."""

    def __init__(self, most: int) -> None:
        self._slots = _empty(2 * most + 1)
        self._count = 0

    def __len__(self) -> int:
        """The number of different rows."""
        return self._count

    def add(self, row: Row) -> bool:
        """Take one more row. Returns whether it is new."""
        text = repr(row).encode("utf-8", "backslashreplace")
        digest = int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest(), "big") or 1  # 0 is a free slot
        slot = _place(self._slots, digest)
        if self._slots[slot] == digest:
            return False
        self._slots[slot] = digest
        self._count += 1
        if 2 * self._count >= len(self._slots):
            self._double()
        return True

    def _double(self) -> None:
        there, self._slots = self._slots, _empty(2 * len(self._slots) + 1)
        for digest in there:
            if digest:
                self._slots[_place(self._slots, digest)] = digest


def _empty(slots: int) -> array[int]:
    return array("Q", bytes(_DIGEST_BYTES)) * slots


def _place(slots: array[int], digest: int) -> int:
    """The slot that holds ``digest``, or the free one in which it belongs."""
    slot = digest % len(slots)
    while slots[slot] and slots[slot] != digest:
        slot = (slot + 1) % len(slots)
    return slot
