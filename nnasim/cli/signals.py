"""Signals that end a command: it stops as at Ctrl-C, so that nothing half-written stays, and says in one line why."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nnasim.cli.ranks import one_of_several

NAMES = ("SIGTERM", "SIGHUP")  # of `kill`, of a scheduler whose time is over, of a terminal that was closed
ONCE_S = 1.0
"""`timeout` sends its signal to the process and then to its group: within so many seconds both are one."""


class EndedError(KeyboardInterrupt):
    """A signal asked for the end. Whatever lets an interrupt pass lets this pass too."""


class _Asked:
    """The end that was asked of this process."""

    def __init__(self) -> None:
        self.number, self._since, self._process = int(signal.SIGINT), float("-inf"), os.getpid()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise EndedError. Asked once more, let the system end the process: a library may have swallowed the first."""
        now = time.monotonic()
        if self._since == float("-inf") and os.getpid() == self._process:  # a forked worker ends as the system has it
            self.number, self._since = number, now
            raise EndedError
        if now - self._since > ONCE_S or os.getpid() != self._process:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    @property
    def line(self) -> str:
        """The words for the user."""
        return "interrupted" if self.number == signal.SIGINT else f"ended by {signal.Signals(self.number).name}"

    @property
    def exit_code(self) -> int:
        """As shells count."""
        return 128 + self.number


@contextmanager
def ended_in_order() -> Iterator[_Asked]:
    """Within, a signal that would end the process raises an error instead; the value says which it was. One that is
    ignored, as SIGHUP by `nohup`, or that has another handler, stays as it is.
    """
    asked, before = _Asked(), {}
    if threading.current_thread() is threading.main_thread():
        names = NAMES[1:] if one_of_several() else NAMES  # ranks end at SIGTERM in an order of their own
        numbers = [int(getattr(signal, name)) for name in names if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, asked)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is asked:  # another one of the command's stays
                signal.signal(number, handler)
