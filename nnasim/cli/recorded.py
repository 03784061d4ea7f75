"""The command that a result records, as arguments that make it again and write nothing of the user's."""

from __future__ import annotations

import shlex
from pathlib import Path

from nnasim.errors import FileError

REPEATABLE = ("compare", "compare-chips", "simulate")
WRITES = ("--out", "--perfetto", "--json", "--figures")  # options that name what a run writes; each takes a value


def recorded_command(result: Path) -> str:
    """The command that made ``result``. Raises FileError where none is recorded."""
    from nnasim.ir.io import is_shared, read_result, read_shared
    from nnasim.studies.chips_record import CHIPS_FILE, read_chips_record
    from reports.result_set import read_folder

    text: str | None
    if (result / CHIPS_FILE).exists():
        text = read_chips_record(result / CHIPS_FILE).command
    elif result.is_dir():
        summary = read_folder(result).summary
        text = summary.command if summary else None
    else:
        text = (read_shared if is_shared(result) else read_result)(result).command
    if text is None:
        raise FileError(result, "records no command: Python code made it, so it cannot be run again from here")
    return text


def without_outputs(text: str, source: Path) -> list[str]:
    """The arguments of the command ``text`` without those that say what it writes.

    Raises FileError unless it is one of ours that only makes a result: a file may record anything.
    """
    try:
        program, *arguments = shlex.split(text)
    except ValueError:
        program, arguments = "", []
    if program != "nnasim" or not arguments or arguments[0] not in REPEATABLE:
        raise FileError(source, f"records {text!r:.200}, which is none of nnasim {', nnasim '.join(REPEATABLE)}")
    kept, words = list[str](), iter(arguments)
    for word in words:
        name, equals, _ = word.partition("=")
        if name in WRITES:
            if not equals:
                next(words, None)
        elif word != "--force":
            kept.append(word)
    return kept
