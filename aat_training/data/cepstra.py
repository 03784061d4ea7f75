"""Sphinx cepstra as stored in ``.mfc`` files. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnasim import files, limits
from nnasim.errors import FileError

CEPSTRA = 13
FRAMES_PER_SECOND = 100
MAX_SECONDS = limits.AUDIO_SECONDS
_DELTA_FRAMES = 2

Cepstra = NDArray[np.float32]


def read_mfc(path: str | Path) -> Cepstra:
    """A Sphinx cepstra file, float32 [T, 13]: a 4-byte count of floats, then the floats, all big-endian.

    Raises FileError: not a regular file, empty, over one hour, a count that is not the file's own, a number that is
    not finite or beyond 1e6.
    """
    return parsed_mfc(files.read_bytes(path, 4 + 4 * CEPSTRA * FRAMES_PER_SECOND * MAX_SECONDS), path)


def parsed_mfc(data: bytes, path: str | Path) -> Cepstra:
    """``read_mfc`` of a file's content; messages name ``path``."""
    if not data:
        raise FileError(path, "is empty")
    count = int.from_bytes(data[:4], "big")
    if len(data) != 4 + 4 * count:
        raise FileError(path, f"is truncated or no cepstra file: {len(data)} bytes where {4 + 4 * count} belong")
    if count == 0 or count % CEPSTRA:
        raise FileError(path, f"holds {count} floats, which are no rows of {CEPSTRA} cepstra")
    rows = np.frombuffer(data, ">f4", offset=4).reshape(-1, CEPSTRA).astype(np.float32)
    if not np.all(np.abs(rows) <= 1e6):
        raise FileError(path, "has a cepstrum that is not finite or beyond 1e6")
    return rows


def mfc_bytes(rows: Cepstra) -> bytes:
    """The bytes of a Sphinx cepstra file, which ``read_mfc`` reads, of rows float32 [T, 13]."""
    return rows.size.to_bytes(4, "big") + rows.astype(">f4").tobytes()


def with_deltas(rows: Cepstra) -> Cepstra:
    """[T, D] -> [T, 2 D]: each row and its difference from the row two frames before (from the first, at the start)."""
    before = np.concatenate([np.repeat(rows[:1], _DELTA_FRAMES, axis=0), rows])[: len(rows)]
    return np.concatenate([rows, rows - before], axis=1)
