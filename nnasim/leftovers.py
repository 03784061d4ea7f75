"""Files that a killed run left half-written: the next run that writes to the same name removes them.

A process that writes holds a lock on its partial file or folder, and the system frees the lock however the process
ends. So a partial file without a lock is left over. Where there are no such locks (Windows, some network file systems),
nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

SPARE_BYTES = 2_000_000
SPARE_HANDLES = 4  # what removing a folder within a folder opens at once


class Spare:
    """Memory and open files that are set aside while a partial file or folder stands: to remove it takes some, and all
    may be used up. Made before there is anything to remove.

    ``whole``: for a folder, which none of the handles may lack. Raises OSError where a limit leaves fewer.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._memory, self._handles = bytearray(SPARE_BYTES), list[int]()
        try:
            self._handles += (os.open(os.devnull, os.O_RDONLY | _CLOSED_IN_WORKERS) for _ in range(SPARE_HANDLES))
        except OSError:  # a limit that leaves none: a file is removed without
            if whole:
                self.free()
                raise

    def free(self) -> None:
        """Give it back, for the removal to take."""
        self._memory = bytearray()
        while self._handles:
            os.close(self._handles.pop())


_CLOSED_IN_WORKERS = getattr(os, "O_CLOEXEC", 0)
_LONGEST_PREFIX = 200  # bytes: a name has at most 255, and what follows takes 17


def partial_prefix(name: str) -> str:
    """The beginning of names of partial files of ``name``, in any letters; a folder's is the same without the dot."""
    cut = name[:100]
    while len(os.fsencode(cut)) > _LONGEST_PREFIX:
        cut = cut[:-1]
    return f".{cut}.partial-"


_RANDOM = 8  # characters that tempfile adds


def partial_file(folder: Path, prefix: str) -> tuple[int, str]:
    """An open, locked, new file in ``folder`` and its path."""
    while True:
        handle, path = tempfile.mkstemp(prefix=prefix, dir=folder)
        if _holds(handle, path):
            return handle, path
        os.close(handle)  # another run took it for one that was left


def partial_folder(folder: Path, prefix: str) -> tuple[int, Path]:
    """The open handle of a locked, new folder in ``folder``, and its path."""
    while True:
        path = tempfile.mkdtemp(prefix=prefix, dir=folder)
        try:
            handle = os.open(os.devnull if fcntl is None else path, os.O_RDONLY)  # Windows opens no folder
        except FileNotFoundError:  # another run took it for one that was left
            continue
        except OSError:  # as many files are open as may be
            os.rmdir(path)
            raise
        if fcntl is None or _holds(handle, path):
            return handle, Path(path)
        os.close(handle)


def remove_left(folder: Path, prefix: str, ours: Callable[[Path], bool]) -> None:
    """Remove the files and folders of ``folder`` whose names are ``prefix`` and what tempfile adds, and that no process
    holds; of folders, those that are ``ours``.
    """
    if fcntl is None:
        return
    left: list[str] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left += [entry.path for entry in entries if _is_named(entry.name, prefix)]
    for path in left:
        with contextlib.suppress(OSError):
            _remove(path, ours)


def _is_named(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and len(name) == len(prefix) + _RANDOM


def _remove(path: str, ours: Callable[[Path], bool]) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        mode = os.fstat(handle).st_mode
        if locked(handle) is not True:
            return
        if stat.S_ISREG(mode):
            os.unlink(path)
        elif stat.S_ISDIR(mode) and ours(Path(path)):
            shutil.rmtree(path)
    finally:
        os.close(handle)


def _holds(handle: int, path: str) -> bool:
    """Whether ``path`` is ours alone from now on; a file system without locks removes nothing, so it is."""
    ours = locked(handle)
    if ours is None:
        return True
    try:
        return ours and os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def locked(handle: int) -> bool | None:
    """Whether the lock was free, and is ours now; None where there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):
        return None
    return True


def without_umask(mode: int) -> int:
    """The permissions ``mode`` less those that this process withholds from new files; a partial one is its owner's."""
    mask = os.umask(0)
    os.umask(mask)
    return mode & ~mask
