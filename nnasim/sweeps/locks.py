"""The locks that processes share. On Linux they lie in /dev/shm, which some containers lack, or let nobody write."""

from __future__ import annotations

import multiprocessing

from nnasim.errors import FileError, reason

PLACE = "/dev/shm"


def why_no_locks() -> str | None:
    """The reason for which no lock can be shared between processes here; None where one can."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return None  # Windows keeps them elsewhere
    try:
        multiprocessing.get_context("fork").Lock()  # of this context, no process watches over it
    except OSError as error:
        return reason(error)
    except ImportError as error:
        return str(error)
    return None


def refuse_no_locks() -> None:
    """Raise FileError where no lock can be shared between processes."""
    if (why := why_no_locks()) is not None:
        more = "processes that work side by side keep their locks there; one alone needs none"
        raise FileError(PLACE, f"cannot be written ({why}), and {more}")
