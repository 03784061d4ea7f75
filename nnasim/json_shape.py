"""The depth of a JSON text and the digits of its numbers, looked at before it is parsed."""

from __future__ import annotations

import re

from nnasim import limits
from nnasim.errors import FileError

# The closing quote is optional, so that a string always matches: were an unclosed one to fail, the search would begin
# again at each of its quotes, and a megabyte of them would take hours.
# Strings leave first, so that what they hold counts neither as bracket nor as digit; then C loops do the rest, since a
# Python loop over the tokens of a hostile 30 MB file alone would take longer than refusing it may.
_JSON_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # possessive: no stack of ways back
_LONG_NUMBER = re.compile(rf"[-+.0-9eE]{{{limits.INTEGER_DIGITS + 1},}}")
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
_DEEPER = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def refuse_json_shape(text: str, source: object) -> None:
    """Raise FileError for a text that is nested too deep, or has a number of too many digits."""
    if text.count("[") + text.count("{") <= limits.JSON_DEPTH and not _LONG_NUMBER.search(text):
        return  # a row of a store, a line of a list: millions of them are looked at
    import numpy as np

    bare = _JSON_STRINGS.sub("", text)
    if number := _LONG_NUMBER.search(bare):
        raise FileError(
            source, f"JSON has a number of {len(number[0])} digits, at most {limits.INTEGER_DIGITS:,} are allowed"
        )
    steps = np.frombuffer(bare.encode("utf-8", "replace").translate(_DEEPER, _NO_BRACKETS), np.int8)
    if steps.size and int(np.cumsum(steps, dtype=np.int32).max()) > limits.JSON_DEPTH:
        raise FileError(source, f"JSON is nested deeper than {limits.JSON_DEPTH:,}")
