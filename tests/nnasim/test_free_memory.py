"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import platform
import resource
from pathlib import Path

import pytest

from nnasim.free_memory import give_memory_back

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps pages and gives them back")
PIECE = 100_000  # bytes: small enough for the heap, which gives nothing back from between used pieces by itself


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_pages_between_used_ones_go_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    pieces = [libc.malloc(PIECE) for _ in range(1000)]
    for piece in pieces:
        ctypes.memset(piece, 1, PIECE)
    for piece in pieces[::2]:
        libc.free(piece)
    before = resident()
    give_memory_back()
    assert resident() < before - 250 * PIECE
    for piece in pieces[1::2]:
        libc.free(piece)
