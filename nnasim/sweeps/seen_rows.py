"""The rows that were met before, of a store in which a page may be reached twice: digests alone, in a bounded table."""

from __future__ import annotations

from array import array
from hashlib import blake2b

from nnasim.sweeps.database import Row

_DIGEST_BYTES = 8  # of ten million rows, two share a digest once in 400,000 stores


class SeenRows:
    """A set of at most ``most`` rows: open addressing, whose memory is taken once and does not grow with them."""

    def __init__(self, most: int) -> None:
        self._slots = array("Q", bytes(_DIGEST_BYTES)) * (2 * most + 1)
        self._count = 0

    def __len__(self) -> int:
        """The number of different rows."""
        return self._count

    def add(self, row: Row) -> bool:
        """Take one more row. Returns whether it is new."""
        text = repr(row).encode("utf-8", "backslashreplace")
        digest = int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest(), "big") or 1  # 0 is a free slot
        slots, slot = self._slots, digest % len(self._slots)
        while slots[slot]:
            if slots[slot] == digest:
                return False
            slot = (slot + 1) % len(slots)
        slots[slot] = digest
        self._count += 1
        return True
