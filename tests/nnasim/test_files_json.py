"""Strict JSON: what the standard reader lets through is refused, and no text takes long to refuse."""

import pytest

from nnasim.errors import FileError
from nnasim.files import parse_json


@pytest.mark.parametrize("text", ["{}", "[1, 2.5e-3, -0.0]", '{"a": ["\\u00e9\\"\\\\", null, true]}', "[[[[]]]]"])
def test_json_is_read(text):
    assert parse_json(text, "x.json") is not None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not JSON"),
        ("{'a': 1}", "is not JSON from line 1 column 2 on"),
        ('{"a": 1, "a": 2}', "key 'a' twice"),
        ('[{"b": {"a": 1, "a": 2}}]', "key 'a' twice"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("1e999", "beyond the range"),
        ("9" * 5000, "5000 digits"),
        ("-1." + "9" * 5000, "digits"),
        ("[" * 40_000, "nested deeper than 100"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100"),
        ("[1] []", "is not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused(text, complaint):
    with pytest.raises(FileError, match=complaint):
        parse_json(text, "x.json")


def test_brackets_and_digits_within_strings_do_not_count():
    deep = '"' + "[" * 500 + '\\"' + "9" * 500 + '"'
    assert parse_json(deep, "x.json") == "[" * 500 + '"' + "9" * 500


@pytest.mark.parametrize("piece", ['"\\', '"', "\\", '"\\"', '"a" ', "[]", "{", "-", "é"])
def test_a_megabyte_of_anything_is_judged(piece):
    """An unclosed string once cost a search from each of its quotes: hours for a megabyte."""
    with pytest.raises(FileError):
        parse_json(piece * (1_000_000 // len(piece)), "x.json")
