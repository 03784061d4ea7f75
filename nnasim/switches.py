"""Switches in the environment: each is used or refused."""

from __future__ import annotations

import os

from nnasim.errors import ConfigError

SWITCHES = ("NNASIM_COMPILED", "NNASIM_INT8")
"""Whether compiled code, and products in int8, may be used where they give the same bits sooner."""


def is_on(name: str) -> bool:
    """Whether the switch ``name`` of ``SWITCHES`` is on, as it is where it is unset or empty. Raises ConfigError for
    other values than 0 and 1.
    """
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise ConfigError("the environment", name, value, "must be 0 or 1")
    return value != "0"
