"""The exception that a rule raises about a node; it never reaches a user: it becomes one refusal among all."""

from __future__ import annotations


class CannotLower(Exception):  # noqa: N818 -- it says what cannot be done, and is no fault
    """A node for which the chip has no operation; ``help``: what would help."""

    def __init__(self, why: str, help: str = "") -> None:
        super().__init__(why)
        self.why, self.help = why, help
