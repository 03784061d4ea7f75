"""Changes of a run as options to type on the command line."""

from __future__ import annotations

import json
import shlex

from nnasim.allowed import number_text
from nnasim.ir.explanation import Changes


def set_line(changes: Changes) -> str:
    """``changes`` as options of the command line, in the order in which a file holds them."""
    return " ".join(f"--set {shlex.quote(f'{field}={_written(value)}')}" for field, value in sorted(changes.items()))


def policy_line(policy: str | None) -> str:
    """A policy of sharing the chip as an option of the command line."""
    return f"--policy {policy}"


def _written(value: object) -> str:
    if isinstance(value, float):
        return number_text(value)
    return json.dumps([float(number_text(part)) for part in value] if isinstance(value, tuple) else value)
