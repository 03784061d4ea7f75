"""The arguments of the command that is running: results record them. Light, since every command loads it."""

from __future__ import annotations

from contextvars import ContextVar

ARGUMENTS: ContextVar[tuple[str, ...]] = ContextVar("arguments", default=())
