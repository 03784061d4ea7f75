"""Work whose end nobody can be sure of: a look at a network, by a library that may wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

ResultT = TypeVar("ResultT")


def within(seconds: float, work: Callable[[], ResultT]) -> ResultT:
    """The result of ``work``, which does not keep the process from ending where it takes longer.

    Raises its error, or TimeoutError where there is no result in time.
    """
    answer: Future[ResultT] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)
