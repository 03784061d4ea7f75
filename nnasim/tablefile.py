"""Lines of tables, for Python's CSV reader, which itself would make a list of a hundred million cells of one."""

from __future__ import annotations

import io
from collections.abc import Iterator

from nnasim import limits
from nnasim.errors import FileError


def table_lines(text: str, source: object) -> Iterator[str]:
    """The lines of ``text`` with their ends. Raises FileError, which names ``source``, for one that is too long."""
    for number, line in enumerate(io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=""), start=1):
        if len(line) > limits.TABLE_LINE:
            raise FileError(source, f"line {number} has more than {limits.TABLE_LINE:,} characters")
        yield line
