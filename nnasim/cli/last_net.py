"""Errors that nnasim does not foresee: one line that names a report, and an exit code of its own.

A user who sees that line has found a defect; the tests' attacks must never reach it.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from nnasim import __version__
from nnasim.cli.invocation import arguments_shown
from nnasim.errors import message_of, shown
from nnasim.plugins import IN_USE
from nnasim.redacted import without_password

DEFECT = 70  # EX_SOFTWARE of sysexits.h


def caught(error: Exception, arguments: Sequence[str]) -> str:
    """The line for a defect of ours. The traceback is written to a new file, which the line names."""
    what = f"{type(error).__name__}: {shown(without_password(message_of(error)))}"
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
        f"arguments: {list(arguments_shown(arguments))!a}",
        f"libraries: {', '.join(_versions())}",
        "",
    )
    return "\n".join([*about, *traceback.format_exception(error)])


def _versions() -> list[str]:
    """The versions of the libraries that are loaded; no other is imported for it."""
    names = ("numpy", "torch", "simpy", "pydantic", "pandas", "onnx", "optuna", "distributed")
    return [f"{name} {getattr(sys.modules[name], '__version__', '?')}" for name in names if name in sys.modules]
