"""What a spreadsheet would take for a formula, and what stays a number."""

import csv
import io

import pytest

from nnasim.csvtext import FORMULA_STARTS, csv_text, spreadsheet_cells


@pytest.mark.parametrize("start", FORMULA_STARTS, ids=ascii)
def test_a_text_that_begins_a_formula_gets_an_apostrophe_where_that_is_asked_for(start: str) -> None:
    evil = f"{start}HYPERLINK(1)"
    with spreadsheet_cells():
        safe = csv_text([evil], [[evil]])
    assert list(csv.reader(io.StringIO(safe, newline=""))) == [[f"'{evil}"]] * 2
    assert list(csv.reader(io.StringIO(csv_text([evil], [[evil]]), newline=""))) == [[evil]] * 2


@pytest.mark.parametrize("number", [-1, -0.5, -1e300, None, True, "-3", "+4.5", "-1.", "-.5e-9", "+1E5"])
def test_numbers_stay_numbers(number: object) -> None:
    with spreadsheet_cells():
        safe = csv_text(["a", "b"], [["x", number]])
    assert safe == csv_text(["a", "b"], [["x", number]])


@pytest.mark.parametrize("text", ["-", "+", "-1+1", "-inf", "-1 ", "-١", "--1", "-1e", "+1\t"])
def test_what_only_begins_like_a_number_is_a_text(text: str) -> None:
    with spreadsheet_cells():
        assert f"'{text}" in csv_text(["a"], [[text]])


def test_a_choice_ends_with_its_block_and_holds_within_another() -> None:
    with spreadsheet_cells():
        with spreadsheet_cells(False):
            assert csv_text(["="], []) == "=\n"
        assert csv_text(["="], []) == "'=\n"
    assert csv_text(["="], []) == "=\n"
