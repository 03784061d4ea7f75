"""A command that a result records, as arguments that make the result again and write none of the user's files."""

from __future__ import annotations

from pathlib import Path

from nnasim.errors import FileError
from nnasim.limits import COMMAND_CHARACTERS
from nnasim.shellwords import words_of

REPEATABLE = ("compare", "compare-chips", "explain", "simulate")
WRITES = ("--out", "--perfetto", "--json", "--figures", "--markdown")  # what a run writes; each takes a value


def without_outputs(text: str, source: Path) -> list[str]:
    """The arguments of the command ``text`` without those that name its outputs.

    Raises FileError unless it is one of our commands that only makes a result: a file may record anything.
    """
    if len(text) > COMMAND_CHARACTERS:
        why = f"records a command of {len(text):,} characters, at most {COMMAND_CHARACTERS:,} are run again"
        raise FileError(source, why)
    program, *arguments = words_of(text) or [""]
    if program != "nnasim" or not arguments or arguments[0] not in REPEATABLE:
        raise FileError(source, f"records {text!r:.200}, which is not one of nnasim {', nnasim '.join(REPEATABLE)}")
    kept, words = list[str](), iter(arguments)
    for word in words:
        name, equals, _ = word.partition("=")
        if name in WRITES:
            if not equals:
                next(words, None)
        elif word != "--force":
            kept.append(word)
    return kept
