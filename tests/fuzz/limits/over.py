"""The form of an attack on a limit: files or options that have as many of something as a number says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Write = Callable[[Path, int], object]


class Over(NamedTuple):
    """``write`` puts files named h into the folder of seeds, with the number of what is limited; ``command`` reads
    them, and may name the number as N. The refusal names ``field``.

    ``at``: what becomes of the number that is allowed: "" for work that is done, a text for another refusal, None
    where that is not tried, since it would take long.
    """

    write: Write
    command: str
    field: str
    at: str | None = None


def no_file(folder: Path, number: int) -> None:
    """The command alone is hostile."""


def text(make: Callable[[int], str | bytes], name: str = "h.json") -> Write:
    """A file of what ``make`` gives."""

    def write(folder: Path, number: int) -> None:
        content = make(number)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def sparse(name: str, head: bytes = b"") -> Write:
    """A file of so many bytes, nearly all of them zeros that the disk does not hold."""

    def write(folder: Path, number: int) -> None:
        with open(folder / name, "wb") as file:
            file.write(head)
            file.truncate(number)

    return write


def changed(name: str, of: str, change: Callable[[Any, int], object]) -> Write:
    """The seed ``of``, JSON, changed in place and written as ``name``."""

    def write(folder: Path, number: int) -> None:
        record = json.loads((folder / of).read_text())
        change(record, number)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(record))

    return write
