"""JSON lines, read strictly: the form of a manifest and of its side file."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnasim import files, limits
from nnasim.errors import FileError

MAX_LINE_BYTES = limits.MANIFEST_LINE_BYTES
MAX_FILE_BYTES = limits.MANIFEST_BYTES
MAX_LINES = limits.MANIFEST_LINES


def json_lines(path: str | Path) -> Iterator[tuple[int, str, Any]]:
    """(number, where, data) of each line that is not blank; ``where`` names file and line for messages.

    Raises FileError: unreadable, over a limit (checked before anything is parsed), not UTF-8, not strict JSON.
    """
    yield from parsed_lines(files.read_bytes(path, MAX_FILE_BYTES), path)


def parsed_lines(data: bytes, path: str | Path) -> Iterator[tuple[int, str, Any]]:
    """``json_lines`` of a file's content, with or without a byte order mark; messages name ``path``."""
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.count(b"\n") > MAX_LINES:
        raise FileError(path, f"has more than {MAX_LINES:,} lines")
    values = values_of(data)
    if values > (most := limits.MANIFEST_VALUES):
        raise FileError(path, f"has {values:,} commas and opening brackets, at most {most:,} are allowed")
    for number, line in enumerate(io.BytesIO(data), start=1):
        if line.strip():
            where = f"{path} line {number}"
            yield number, where, _parse_line(line, where)


def values_of(data: bytes) -> int:
    """The number of commas and opening brackets, those in texts too: about as many as JSON has values."""
    return sum(map(data.count, (b",", b"[", b"{")))


def _parse_line(line: bytes, where: str) -> Any:
    if len(line) > MAX_LINE_BYTES:
        raise FileError(where, f"has {len(line):,} bytes, at most {MAX_LINE_BYTES:,} are allowed")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(where, f"is not UTF-8 text (byte {error.start})") from None
    return files.parse_json(text.strip(), where)
