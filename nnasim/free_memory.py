"""Memory that must be free before libraries are called whose C++ ends the process where it gets none."""

from __future__ import annotations

AT_ONCE = 64_000_000  # bytes: what oneDNN or Arrow takes for a small matrix or table, and several times as much


def ask_for_memory() -> None:
    """Raise MemoryError unless what such a library takes at once is free. It costs nothing: no page is touched."""
    bytearray(AT_ONCE)
