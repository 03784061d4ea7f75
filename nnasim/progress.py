"""How far a long piece of work is: one protocol between those who do it and those who show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told of every step: ``what`` is worked on, how many steps are ``done``, of how many, and a short ``note``.

    ``total`` is None where nobody knows.
    """

    def __call__(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """Take notice."""
        ...


def silent(what: str, done: int, total: int | None, note: str = "") -> None:
    """Show nothing."""
