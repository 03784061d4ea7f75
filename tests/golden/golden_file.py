"""Golden CSV files: read, written, and what moved between two states of one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.golden.figures import Row

FOLDER = Path(__file__).parent
Key = tuple[str, ...]


def read(name: str) -> list[Row]:
    """The rows of a golden file; none if it does not exist yet."""
    path = FOLDER / name
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, rows: list[Row]) -> None:
    """Write a golden file anew."""
    with (FOLDER / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def moved(old: Iterable[Row], new: Iterable[Row], keys: int) -> Iterator[str]:
    """One line per figure that differs: where, before, after, by how much. ``keys``: columns that name a row."""
    before = {tuple(row.values())[:keys]: row for row in old}
    after = {tuple(row.values())[:keys]: row for row in new}
    for key in [*before, *(key for key in after if key not in before)]:
        yield from _row_moved(" ".join(key), before.get(key), after.get(key))


def _row_moved(where: str, old: Row | None, new: Row | None) -> Iterator[str]:
    if old is None or new is None:
        yield f"{where}: {'new' if old is None else 'gone'}"
        return
    for figure in dict.fromkeys([*old, *new]):
        if old.get(figure) != new.get(figure):
            yield f"{where}: {figure} {old.get(figure)} -> {new.get(figure)}{_by(old.get(figure), new.get(figure))}"


def _by(old: str | None, new: str | None) -> str:
    if not (old and new and old.isdecimal() and new.isdecimal() and int(old)):
        return ""
    return f" ({100 * (int(new) / int(old) - 1):+.2f} %)"
