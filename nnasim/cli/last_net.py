"""Errors that nnasim does not foresee: one line that names a report, and an exit code of its own.

A user who sees that line has found a defect; the tests' attacks must never reach it.
"""

from __future__ import annotations

import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from nnasim import __version__
from nnasim.errors import named, shown
from nnasim.plugins import IN_USE
from nnasim.redacted import without_password

DEFECT = 70  # EX_SOFTWARE of sysexits.h
# What libraries say without the type.
_FULL = (
    "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc", "can't start new thread",
    "failed to map segment", "cannot allocate write+execute memory",
)  # fmt: skip
_ONEDNN = "could not create a primitive"  # the whole of it: of what it cannot do, it says more
_FEW_BYTES = 20_000_000
_WORDS = 200  # characters of what a library says of it


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, for which torch and others raise errors without a type of their own."""
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if isinstance(error, SystemError):  # so Python and libraries in C call what they did not foresee
        return not _is_free(_FEW_BYTES)
    said = str(error).lower()
    return isinstance(error, MemoryError) or said == _ONEDNN or any(sign in said for sign in _FULL)


def _is_free(size: int) -> bool:
    try:
        return bool(bytearray(size))
    except MemoryError:
        return False


def out_of_memory(error: Exception, arguments: Sequence[str]) -> str:
    """The line for memory that is used up: what was asked for, where that is known, and the largest file given."""
    line = "the memory of this machine, or what this process may have of it, is used up"
    if asked := shown(without_password(" ".join(str(error).split()))[:_WORDS]).strip("'\""):
        line += f" ({asked})"
    size, largest = max(((_bytes(word), word) for word in arguments), default=(0, ""))
    return f"{line}; the largest file given is {named(largest)}, {size} bytes" if size else line


def _bytes(path: str) -> int:
    """The size of a file; 0 of what is none."""
    try:
        return os.path.getsize(path) if os.path.isfile(path) else 0
    except (OSError, ValueError):
        return 0


def caught(error: Exception, arguments: Sequence[str]) -> str:
    """The line for a defect of ours. The traceback is written to a new file, which the line names."""
    what = f"{type(error).__name__}: {shown(without_password(str(error)))}"
    whose = "".join(f", or of {who}" for who in IN_USE.values())
    try:
        handle, path = tempfile.mkstemp(prefix="nnasim-defect-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(without_password(_report(error, arguments)))
    except OSError as failure:
        return f"a defect of nnasim{whose}, please report it: {what} (no report could be written: {failure.strerror})"
    return f"a defect of nnasim{whose}, please report it with {path}: {what}"


def _report(error: Exception, arguments: Sequence[str]) -> str:
    about = (
        f"nnasim {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {list(arguments)!a}",
        f"libraries: {', '.join(_versions())}",
        "",
    )
    return "\n".join([*about, *traceback.format_exception(error)])


def _versions() -> list[str]:
    """The versions of the libraries that are loaded; no other is imported for it."""
    names = ("numpy", "torch", "simpy", "pydantic", "pandas", "onnx", "optuna", "distributed")
    return [f"{name} {getattr(sys.modules[name], '__version__', '?')}" for name in names if name in sys.modules]
