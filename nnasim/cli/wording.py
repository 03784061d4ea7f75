"""The names of settings in the library's messages, which are in backquotes, as options of the command line."""

from __future__ import annotations

import re

# Arguments of Python functions that commands have an option for, most of them of the same name.
ARGUMENTS = (
    "force", "resume", "init", "split", "list", "bind", "seconds", "calls", "manifest", "batch", "calibrate", "streams",
)  # fmt: skip
OPTIONS = {
    **{name: f"--{name}" for name in ARGUMENTS},
    "shapes": "--shape",
    "states": "--state",
    "states=()": "--no-states",
    "keep_state": "--keep-state",
    "on_cpu": "--on-cpu",
    "period_ms": "--period-ms",
    "symbols_per_second": "--symbols-per-second",
}
_ARGUMENT = re.compile(rf"`({'|'.join(map(re.escape, OPTIONS))})`")
_CHIP = re.compile(r"`chip=([^`\s]+)`")
_CHANGE = re.compile(r"`([a-z_]+(?:\.[a-z_0-9]+)+=[^`\s]+)`")


def as_options(message: str) -> str:
    """``message`` for the command line: `force` is --force, `chip=x` is --preset x, `a.b=c` is --set a.b=c."""
    return _CHANGE.sub(r"--set \1", _CHIP.sub(r"--preset \1", _ARGUMENT.sub(lambda found: OPTIONS[found[1]], message)))
