"""The values that differ between a record and that of a repeated run, by the path of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import shown

ABSENT = "nothing"
_NOT_COMPUTED: tuple[Any, ...] = (
    ABSENT,
    None,
    [],
    {},
)  # what a file of an earlier version lacks is null or empty in one of today
_MADE_BY = ("command", "versions", "commit")  # what made a record, and no figure of it
_DECODED = "explanation.numerics_words"  # that a run does not repeat
_MADE_OF = ("inputs", "trace_hash", "hardware_hash", "numerics_hash")  # what it was made of: where these move, all may


@dataclass(frozen=True)
class Moved:
    """One value of ``file``, at the dotted ``path``: texts, ``ABSENT`` if there is none."""

    file: str
    path: str
    before: str
    after: str

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure, and not only what made it."""
        return self.rank > 0

    @property
    def rank(self) -> int:
        """A number to sort by: first the origin of a record, then its inputs, then its figures."""
        head = self.path.partition(".")[0]
        return 0 if head in _MADE_BY else 1 if head in _MADE_OF else 2

    def __str__(self) -> str:
        return f"{self.file}: {self.path or 'text'}: {self.before} -> {self.after}"


def moved_between(before: Path, after: Path) -> Iterator[Moved]:
    """The values that moved from one result file to another, or from one folder of a comparison to another. Raises
    FileError.

    In a folder the records are compared: the summary, the results and the tables. Its page and its time lines are drawn
    from them.
    """
    if before.is_file():
        yield from _moved_in_file(before, after, before.name)
        return
    for pattern in ("summary.json", "chips.json", "fronts.json", "results/*.json", "*.csv"):
        names = {str(path.relative_to(folder)) for folder in (before, after) for path in folder.glob(pattern)}
        for name in sorted(names):
            yield from _moved_in_file(before / name, after / name, name)


def _moved_in_file(before: Path, after: Path, name: str) -> Iterator[Moved]:
    if not before.exists() or not after.exists():
        yield Moved(name, "", *(_file(path) for path in (before, after)))
    elif name.endswith(".json"):
        yield from _moved_in(files.read_json(before), files.read_json(after), name, "")
    else:
        old, new = (files.read_text(path).splitlines() for path in (before, after))
        yield from _moved_in(old, new, name, "line")


def _file(path: Path) -> str:
    return "a file" if path.exists() else ABSENT


def _moved_in(before: Any, after: Any, file: str, path: str) -> Iterator[Moved]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            old, new = before.get(key, ABSENT), after.get(key, ABSENT)
            inner = f"{path}.{key}".lstrip(".")
            if inner != _DECODED and not (old in _NOT_COMPUTED and new in _NOT_COMPUTED):
                yield from _moved_in(old, new, file, inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _moved_in(old, new, file, f"{path}.{index}".lstrip("."))
    elif before != after:
        yield Moved(file, path, _text(before), _text(after))


def _text(value: Any) -> str:
    """A value in a few characters; of a long list its length says more."""
    if isinstance(value, list | dict):
        return f"{len(value):,} entries"
    return value if value == ABSENT else shown(value)
