"""Regular files, opened for reading, and named by whatever goes wrong while they are read."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from nnasim import filekind
from nnasim.errors import FileError, reading, reason


def open_regular(path: str | Path) -> BinaryIO:
    """A regular file opened for reading. Raises FileError for a missing file, a FIFO, a device or a directory.

    The check is made on the open descriptor, so that a FIFO never blocks.
    """
    try:
        handle = os.open(os.fspath(path), os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    except ValueError as error:  # an embedded NUL, or a lone surrogate
        raise FileError(ascii(str(path)), f"is not a file name ({error})") from None
    except OSError as error:
        raise FileError(path, f"cannot be read ({reason(error)})") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        kind = filekind.of_folder(Path(path)) if stat.S_ISDIR(mode) else None
        raise FileError(path, f"is not a regular file{filekind.hint(kind)}")
    return io.BufferedReader(_NamedFile(handle, path))


class _NamedFile(io.FileIO):
    """An open file that knows how it was given, so that what the system says while it is read names it."""

    def __init__(self, handle: int, path: str | Path) -> None:
        super().__init__(handle, "rb")
        self.path = path

    def readinto(self, buffer: Any, /) -> int | None:
        """``FileIO.readinto``. Raises FileError for what the system says."""
        with reading(self.path):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        """``FileIO.readall``. Raises FileError for what the system says."""
        with reading(self.path):
            return super().readall()

    def seek(self, place: int, whence: int = os.SEEK_SET, /) -> int:
        """``FileIO.seek``. Raises FileError for what the system says."""
        with reading(self.path):
            return super().seek(place, whence)
