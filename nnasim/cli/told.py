"""The output of a command: lines to read, or its figures as JSON for another program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nnasim.errors import ConfigError

STDOUT = Path("-")


MOST_LINES = 15  # of a summary: what a reader takes in at once


def say(lines: Iterable[str]) -> None:
    """Print ``lines`` to be read: none wider than the terminal, but for a path or another word that is longer alone.

    A character that would hide or reorder text is printed as its code, whoever wrote it into a record.
    """
    from nnasim.markup import columns, narrowed, visible

    _print("\n".join(narrowed(map(visible, _apart(lines)), columns())))


def list_rows(rows: Iterable[str]) -> None:
    """Print ``rows``, each a line, as another program reads them; on a terminal none is wider than that."""
    from nnasim.markup import visible

    if sys.stdout.isatty():
        say(rows)
        return
    _print("\n".join(map(visible, _apart(rows))))


def _print(text: str) -> None:
    """Print ``text`` once all that is written with it has its name: the reader of standard output may be gone."""
    from nnasim.together import afterwards

    afterwards(lambda: print(text))


def list_first(rows: Iterable[str], whole: bool, most: int = MOST_LINES) -> None:
    """List ``rows`` as ``list_rows`` does, or, unless ``whole``, as many of them as ``most`` narrow lines hold."""
    from nnasim.markup import columns, narrowed, visible

    if whole:
        list_rows(rows)
        return
    narrow = list(narrowed(map(visible, _apart(rows)), columns()))
    print("\n".join(first_lines(narrow, whole=False, most=most)))


def _apart(lines: Iterable[str]) -> Iterator[str]:
    """Each line of ``lines`` by itself: some are several."""
    return (part for line in lines for part in line.split("\n"))


def first_lines(lines: Sequence[str], whole: bool, most: int = MOST_LINES) -> list[str]:
    """``lines``, or, unless ``whole``, at most so many of them, the last of which says how to see the others."""
    return [*lines] if whole else cut_lines(lines, most, "more lines: --all")


def cut_lines(
    lines: Sequence[str], most: int = MOST_LINES - 1, more: str = "more", count: int | None = None
) -> list[str]:
    """The first of ``lines``, and how many ``more`` there are where they are more than ``most``.

    ``count``: how many they are, if ``lines`` holds only the first of them.
    """
    count = len(lines) if count is None else count
    return [*lines] if count <= most else [*lines[: most - 1], f"... and {count - most + 1:,} {more}"]


def refuse_json(command: str, json: Path | None, quiet: bool, force: bool) -> None:
    """Refuse, before the work, a file that exists already, and --quiet together with figures that are to be printed."""
    from nnasim import files

    if json == STDOUT and quiet:
        raise ConfigError(command, "--quiet", quiet, "is not used with --json -, which prints only the figures")
    if json is not None and json != STDOUT:
        files.refuse_existing_file(json, force)


def tell_found(show: Callable[[], None], figures: Any, *, json: Path | None, quiet: bool, force: bool) -> None:
    """``show`` what is to be read, unless ``quiet``; write ``figures`` to ``json`` too, or print them alone for -."""
    from nnasim import files

    if json == STDOUT:
        _print(files.json_text(figures).removesuffix("\n"))
        return
    if json is not None:
        files.write_json(json, figures, force=force)
    if not quiet:
        show()


def tell_lines(lines: Iterable[str], figures: Any, *, json: Path | None, quiet: bool, force: bool) -> None:
    """As ``tell_found``, of lines that are to be read."""
    tell_found(lambda: say(lines), figures, json=json, quiet=quiet, force=force)


def tell_rows(rows: Iterable[str], figures: Any, *, json: Path | None, quiet: bool, force: bool) -> None:
    """As ``tell_found``, of rows that other programs may read too."""
    tell_found(lambda: list_rows(rows), figures, json=json, quiet=quiet, force=force)
