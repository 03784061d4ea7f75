"""Free memory: asked for before libraries are called whose C++ ends the process where it gets none, and given back."""

from __future__ import annotations

import contextlib
import ctypes

AT_ONCE = 64_000_000  # bytes: what oneDNN or Arrow takes for a small matrix or table, and several times as much


def ask_for_memory() -> None:
    """Raise MemoryError unless what such a library takes at once is free. It costs nothing: no page is touched."""
    bytearray(AT_ONCE)


def give_memory_back() -> None:
    """Return to the system the free pages that the C library keeps between used ones; do nothing where it cannot.

    One training of many utterances after the other otherwise grows a process: 18 of them to 10 GB where one takes 3.4.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # only glibc has the call
        ctypes.CDLL(None).malloc_trim(0)
