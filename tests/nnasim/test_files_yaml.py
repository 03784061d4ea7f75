"""Strict YAML: no construct that reaches elsewhere, and no text takes long to refuse."""

import pytest

from nnasim.errors import FileError
from nnasim.files import parse_yaml


def test_yaml_is_read_and_1e9_is_a_number():
    data = parse_yaml("a: {b: [1e9, 1.0e9, 3], c: 'x'}\n", "x.yaml")
    assert data == {"a": {"b": [1e9, 1e9, 3], "c": "x"}}
    assert isinstance(data["a"]["b"][0], float)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\na: 2\n", r"is not YAML from line 2 column 1 on \(a key is there twice\)$"),
        ("a: b: c\n", "is not YAML from line 1 column 5 on$"),
        ("a: \x01\n", "is not YAML$"),
        ("a: 2020-13-45\n", "a value that cannot be read$"),
        ("a: &x 1\nb: *x\n", "anchors and aliases"),
        ("a: !!python/object:os.system ls\n", r"the YAML tag '!!python/object:os\.system' is not allowed"),
        ("a: 1\n---\nb: 2\n", "more than one YAML document"),
        ("<<: {a: 1}\n", "merge keys"),
        ("a: {<<: {b: 1}}\n", "merge keys"),
        ("a: <<\n", "merge keys"),
        ("%YAML 1.1\n---\na: yes\n", "read as YAML 1.2"),
        ("%YAML 1.1\n---\na: 010\n", "read as YAML 1.2"),
        ("%TAG ! tag:evil.example,2000:\n---\na: 1\n", "directives are not allowed"),
        ("a: .nan\n", "finite"),
        ("a: .inf\n", "finite"),
        ("[" * 40_000, "nested deeper than 50"),
        ("a: [1\n", "not YAML"),
    ],
)
def test_what_is_not_strict_yaml_is_refused(text, complaint):
    with pytest.raises(FileError, match=complaint):
        parse_yaml(text, "x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("%YAML 1.2\n---\na: 1\n", 1),
        ("a: '<<'\n", "<<"),
        ("a: yes\n", "yes"),
        ("a: 010\n", 10),
        ("a: 0o10\n", 8),
        ("a: 0x10\n", 16),
        ("a: 1:30\n", "1:30"),
    ],
)
def test_what_other_versions_read_otherwise_is_read_as_yaml_1_2(text: str, value: object) -> None:
    assert parse_yaml(text, "x.yaml") == {"a": value}


@pytest.mark.parametrize("text", ["[" + "1," * 499_000 + "1]", "".join(f"k{i}: 1\n" for i in range(80_000))])
def test_a_megabyte_of_values_is_refused_before_it_is_loaded(text):
    """The pure loader would take over a minute."""
    with pytest.raises(FileError, match="more than 20,000 values"):
        parse_yaml(text, "x.yaml")
