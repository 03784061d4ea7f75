"""Settings in the environment: each is used or refused."""

from __future__ import annotations

import os

from nnasim.errors import ConfigError

SWITCHES = ("NNASIM_COMPILED", "NNASIM_INT8")
"""Whether compiled code, and products in int8, may be used where they give the same bits sooner."""

RANK_WAIT = "NNASIM_RANK_WAIT"
"""The seconds that a rank of a training waits for another one."""
_RANK_WAIT_SECONDS, _LONGEST_RANK_WAIT = 600, 86_400


def is_on(name: str) -> bool:
    """Whether the switch ``name`` of ``SWITCHES`` is on, as it is where it is unset or empty. Raises ConfigError for
    other values than 0 and 1.
    """
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ConfigError("the environment", name, value, "must be 0 or 1")
    return value != "0"


def rank_wait_seconds() -> int:
    """The value of ``RANK_WAIT``: ten minutes where it is unset or empty. Raises ConfigError for what is no time."""
    text = os.environ.get(RANK_WAIT, "") or str(_RANK_WAIT_SECONDS)
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= _LONGEST_RANK_WAIT):
        why = f"must be a whole number of seconds from 1 to {_LONGEST_RANK_WAIT:,}"
        raise ConfigError("the environment", RANK_WAIT, text, why)
    return int(text)
