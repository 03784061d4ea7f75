"""Notes that qualify a result: on stderr, one per line, so that a command's output stays as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def tell(notes: Iterable[str]) -> None:
    """Print each note."""
    for note in notes:
        print(f"nnasim: note: {note}", file=sys.stderr)
