"""Texts that mean something to a browser, a shell, a spreadsheet or a terminal, wherever a file may hold any text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnasim.errors import NnasimError

TEXTS = (
    "</script><script>pwned=1</script>", "<img src=x onerror=pwned=1>", "\"'><svg onload=pwned=1>", "__proto__",
    "constructor", "toString", "javascript:pwned=1", "url(https://evil.example/x)", "}</style><script>pwned=1</script>",
    "'+(pwned=1)+'", "datum['x']", "a.b[0]\\", "<!--<script>", "]]>", "{{7*7}}", "$\\frac{", "\u2028pwned=1//",
    "\u202egpj.exe\u2066", "$(touch pwned)", "'; touch pwned; '", "`touch pwned`", "a\nb\ttouch pwned", "=1+1", "%s %n",
    "&lt;b&gt;", "\x1b[2J\x07", "\U0001f600\u200b", "image", "title", "x" * 300,
)  # fmt: skip


def renamed(value: Any, old: str, new: str) -> Any:
    """``value`` (parsed JSON) with ``new`` wherever ``old`` is a text or a key: what refers to it still does."""
    if isinstance(value, dict):
        return {new if key == old else key: renamed(part, old, new) for key, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, old, new) for part in value]
    return new if value == old else value


def texts(value: Any) -> set[str]:
    """Every text within ``value``, keys too."""
    if isinstance(value, dict):
        return set(value).union(*map(texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts, value))
    return {value} if isinstance(value, str) else set()


def poisoned(path: Path, into: Path, read: Callable[[Path], object], first: int = 0) -> int:
    """Write ``path``, JSON, to ``into`` with a hostile name in place of each text that ``read`` lets be any.

    Returns how many there were. ``first``: the place in ``TEXTS`` to begin at, so that other texts get other names.
    """
    record, taken = json.loads(path.read_text()), 0
    for text in sorted(texts(record)):
        hostile = TEXTS[(first + taken) % len(TEXTS)] + (str(taken) if taken >= len(TEXTS) else "")
        into.write_text(json.dumps(changed := renamed(record, text, hostile)))
        try:
            read(into)
        except (NnasimError, ValueError):
            continue
        record, taken = changed, taken + 1
    into.write_text(json.dumps(record))
    return taken
