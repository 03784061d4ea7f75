"""A hostile input: a way to write it, and the command that reads it.

Commands run in a folder of whole small files (``tests.fuzz.seeds``), which hostile ones are named beside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Write = Callable[[Path], None]
ROWS = 10_000_000


class Attack(NamedTuple):
    """``write``: puts the files into a folder. ``command``: the words behind `nnasim`, run there."""

    name: str
    write: Write
    command: str


def text_file(name: str, text: Callable[[], str | bytes]) -> Write:
    """A file of ``text``."""

    def write(folder: Path) -> None:
        content = text()
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def sparse_file(name: str, size: int = 3_900_000_000, head: bytes = b"") -> Write:
    """A file of ``size`` bytes, most of them zeros that the disk does not hold."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        with open(folder / name, "wb") as file:
            file.write(head)
            file.truncate(size)

    return write


def lines_file(name: str, head: str, line: str, count: int = ROWS) -> Write:
    """A header line, and ``line`` over and over."""

    def write(folder: Path) -> None:
        with open(folder / name, "w") as file:
            file.write(head)
            for _ in range(0, count, 100_000):
                file.write(line * min(count, 100_000))

    return write


def changed_seed(name: str, of: str, change: Callable[[dict], object]) -> Write:
    """The seed ``of``, JSON, changed in place and written as ``name``."""

    def write(folder: Path) -> None:
        record = json.loads((folder / of).read_text())
        change(record)
        (folder / name).write_text(json.dumps(record))

    return write


def both(*writes: Write) -> Write:
    """The files of all ``writes``."""

    def write(folder: Path) -> None:
        for each in writes:
            each(folder)

    return write


def nothing(folder: Path) -> None:
    """No file: the command alone is hostile."""
