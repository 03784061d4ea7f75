"""The progress of a long piece of work: one protocol between those who work and those who show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A function that is told of every step: ``what`` is worked on, ``done`` of ``total`` steps, and a short ``note``.

    ``total`` is None if it is not known.
    """

    def __call__(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Show or record one step of progress."""
        ...


def silent(what: str, done: int, total: int | None, note: str = "") -> None:
    """Ignore the progress."""
