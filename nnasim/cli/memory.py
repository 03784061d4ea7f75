"""Memory that is used up: which errors mean it, and the line that tells of it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nnasim.errors import message_of, named, shown
from nnasim.redacted import without_password

# What libraries say without the type.
_FULL = (
    "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc", "can't start new thread",
    "failed to map segment", "cannot map zero-fill pages", "cannot allocate write+execute memory",
)  # fmt: skip
_ONEDNN = "could not create a primitive"  # the whole of it: of what it cannot do, it says more
_FEW_BYTES = 20_000_000
_WORDS = 200  # characters of what a library says of it


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, for which torch and others raise errors without a type of their own."""
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    said = message_of(error).lower()
    if isinstance(error, MemoryError) or said == _ONEDNN or any(sign in said for sign in _FULL):
        return True
    # So Python and libraries in C call what they did not foresee, in words that do not tell of memory.
    return isinstance(error, (SystemError, RuntimeError)) and not _is_free(_FEW_BYTES)


def _is_free(size: int) -> bool:
    try:
        return bool(bytearray(size))
    except MemoryError:
        return False


@contextmanager
def told_once() -> Iterator[None]:
    """Print no traceback where memory runs out in what a C library has called: an error follows, and is told."""
    before = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, MemoryError):
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def out_of_memory(error: Exception, arguments: Sequence[str]) -> str:
    """The line for memory that is used up: what was asked for, where that is known, and the largest file given."""
    line = "the memory of this machine, or what this process may have of it, is used up"
    if asked := shown(without_password(" ".join(message_of(error).split()))[:_WORDS]).strip("'\""):
        line += f" ({asked})"
    size, largest = max(((_bytes(word), word) for word in arguments), default=(0, ""))
    return f"{line}; the largest file given is {named(largest)}, {size} bytes" if size else line


def _bytes(path: str) -> int:
    """The size of a file; 0 of what is none."""
    try:
        return os.path.getsize(path) if os.path.isfile(path) else 0
    except (OSError, ValueError):
        return 0
