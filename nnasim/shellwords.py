"""Words as a shell reads them, to show and to copy: what is shown is what is copied, and nothing in it is invisible."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from nnasim.limits import COMMAND_CHARACTERS
from nnasim.markup import visible


def words_of(line: str | None) -> list[str]:
    """The words of a recorded command as a shell reads them; none without a command, if it is too long, or if a quote
    is not closed.
    """
    if line is None or len(line) > COMMAND_CHARACTERS:
        return []
    try:
        return shlex.split(line)
    except ValueError:
        return []


def shell_line(words: Iterable[str]) -> str:
    """``words`` as one line of a shell that gives them back exactly."""
    return " ".join(map(shell_word, words))


def shell_word(word: str) -> str:
    r"""``word`` quoted. One with invisible or reordering characters is written in bytes, such as $'a\xe2\x80\xae'.

    bash, zsh, ksh and POSIX of 2024 read that; pasted, a line end or an escape in it does nothing.
    """
    if visible(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if visible(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
