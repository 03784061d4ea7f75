"""Work whose end nobody can be sure of: a look at a network, by a library that may wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

ResultT = TypeVar("ResultT")


def within(seconds: float, work: Callable[[], ResultT]) -> ResultT:
    """The result of ``work``, or its error; TimeoutError where neither comes in time. It goes on then, unheard, and
    does not keep the process from ending.
    """
    answer: Future[ResultT] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)
