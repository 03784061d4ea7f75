"""Interrupts that come as another error: some libraries catch whatever is raised within their calls."""

from __future__ import annotations

from nnasim.cli.signals import EndedError
from nnasim.errors import message_of

_MOST_CAUSES = 20  # of an error, each from the next


def was_interrupt(error: BaseException) -> bool:
    """Whether a library has made ``error`` of an interrupt, as pydantic does of one that comes amid a record."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if isinstance(cause, KeyboardInterrupt):
            return True
        cause = cause and cause.__cause__
    message = message_of(error)
    return any(f"{kind.__name__}: " in message for kind in (KeyboardInterrupt, EndedError))  # all that it tells
