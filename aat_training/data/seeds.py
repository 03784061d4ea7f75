"""Seeds for one thing of many: neighbours in step or row get numbers that have nothing in common."""

from __future__ import annotations

import hashlib


def seed_of(*numbers: int) -> int:
    """A seed of 32 bits, which is what torch's generator takes in, for this run, step, row ... in that order."""
    digest = hashlib.blake2b(" ".join(map(str, numbers)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
