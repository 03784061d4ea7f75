import pytest

from nnasim.errors import ConfigError
from nnasim.sweeps.constraints import parse_constraint

VALUES = {"a.b": 6, "c": 4.0, "word": "lut8"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a.b > c", True),
        ("a.b * 2 - c == 8", True),
        ("1 < c < a.b", True),
        ("1 < c < 2", False),
        ("word == 'lut8' and a.b % 4 == 2", True),
        ("word != 'lut8' or a.b // 4 == 1", True),
        ("not c >= -1", False),
        ("a.b / (c - 4) > 0", False),  # cannot be computed
        ("word < 3", False),
    ],
)
def test_a_constraint_holds_or_not(text: str, holds: bool) -> None:
    assert parse_constraint(text, "study.yaml").holds(VALUES) is holds


def test_a_constraint_names_its_fields() -> None:
    assert parse_constraint("a.b * c <= a.b", "s").names == ("a.b", "c")


@pytest.mark.parametrize(
    "text",
    ["", "a.b >", "f(c)", "c ** 9", "[c] == 1", "c if 1 else 2", "(lambda: 1)() > 0", "a[0] > 1", "f'{c}' == 1",
     "1e999 > c", "c := 3", "-" * 400 + "c > 1", "(" * 200 + "c" + ")" * 200 + " > 1 +" , "c > 1" + " " * 600],
)  # fmt: skip
def test_nothing_else_is_parsed(text: str) -> None:
    with pytest.raises(ConfigError, match=r"study\.yaml: constraints"):
        parse_constraint(text, "study.yaml")
