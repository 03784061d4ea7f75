"""The threads of a pool of workers: if one ends with an error, as where memory is used up, no future would ever end."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, InvalidStateError
from typing import Any, TypeVar
from weakref import WeakSet

ResultT = TypeVar("ResultT")


class Threads:
    """Ends the futures that it watches with the error of a thread, in place of that thread's traceback on stderr."""

    def __init__(self) -> None:
        self._futures: WeakSet[Future[Any]] = WeakSet()
        self._error: BaseException | None = None
        self._before: Any = None

    def begin(self) -> None:
        """Take the errors of threads from now on; called before a pool starts its own, whose first act may fail."""
        if self._before is None:
            self._before, threading.excepthook = threading.excepthook, self._end_all

    def watch(self, future: Future[ResultT]) -> Future[ResultT]:
        """``future``, which ends with the error of any thread that has ended with one, or ends with one from now on."""
        self.begin()
        self._futures.add(future)
        if self._error is not None:
            _end(future, self._error)
        return future

    def leave(self) -> None:
        """Leave the errors of threads to whoever had them before."""
        if self._before is not None:
            threading.excepthook, self._before = self._before, None

    def _end_all(self, ended: threading.ExceptHookArgs) -> None:
        self._error = ended.exc_value or MemoryError()
        for future in list(self._futures):
            _end(future, self._error)


def _end(future: Future[Any], error: BaseException) -> None:
    with contextlib.suppress(InvalidStateError):  # it has ended already
        future.set_exception(error)
