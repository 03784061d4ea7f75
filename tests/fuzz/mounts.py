"""Small and read-only file systems in memory, where this machine lets tests mount any."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """``folder`` as a file system in memory of so many bytes, such as "16k". The test is skipped where none can be."""
    folder.mkdir(exist_ok=True)
    if (why := _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))) is not None:
        pytest.skip(f"no file system can be mounted here ({why})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """``folder``, new, into which nobody can write, be it root."""
    with mounted(folder, "64k"):
        if (why := _mount("-o", "remount,ro", str(folder))) is not None:
            pytest.skip(f"no file system can be made read-only here ({why})")
        yield folder


def _mount(*words: str) -> str | None:
    """None if it is mounted, or why not."""
    try:
        done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip() or str(done.returncode)
