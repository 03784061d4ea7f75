"""Two names of one folder change places in one instant, where the system and the file system can do it.

Linux: renameat2(2) with RENAME_EXCHANGE. macOS: renamex_np(2) with RENAME_SWAP. Windows has no such call.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h, RENAME_SWAP of sys/stdio.h
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)
"""The kernel has no such call, the file system does not exchange, or a sandbox forbids what it does not know."""


def exchange(one: Path, other: Path) -> bool:
    """Whether ``one`` and ``other``, which both exist, have changed places; False where that cannot be done at once.

    Raises OSError for all that a plain rename would fail for too.
    """
    code = _call(os.fsencode(one), os.fsencode(other))
    if code is None or code in _NOT_HERE:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(other))
    return True


def _call(one: bytes, other: bytes) -> int | None:
    """The error number of the system's call, 0 where it did it; None if the C library has none."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(one, other, ctypes.c_uint(_EXCHANGE))
        else:
            failed = library.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, ctypes.c_uint(_EXCHANGE))
    except (OSError, TypeError, AttributeError):  # no C library to load (Windows), or an old one
        return None
    return ctypes.get_errno() if failed else 0
