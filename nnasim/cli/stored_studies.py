"""Which of a store's studies a command has taken, and which others there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnasim.sweep.frames import StoredStudy

MOST_LINES = 20


def print_choice(stored: StoredStudy) -> None:
    """Say which study was taken where the store holds several; one line for it, one for each of the others."""
    others = [one for one in stored.listing if one.digest != stored.digest]
    if not others:
        return
    taken = next(one for one in stored.listing if one.digest == stored.digest)
    print(f"{stored.store} holds {len(stored.listing)} studies; taken: {taken.line}")
    for other in others[:MOST_LINES]:
        print(f"  --study {other.line}")
    if len(others) > MOST_LINES:
        print(f"  and {len(others) - MOST_LINES} more")
