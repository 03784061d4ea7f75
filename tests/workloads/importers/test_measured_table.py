"""Reading measured tables: what is wrong is named by file, line and column."""

import pytest

from nnasim.errors import FileError, InputError
from workloads.importers import measured_table
from workloads.importers.measured_table import read_measured_table


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text)
        return path

    return write


def test_cells_are_kept_as_text_with_their_lines(table):
    read = read_measured_table(table('a,b\n1,"x,y"\n\n2,z\n'))
    assert read.columns == ("a", "b")
    assert [(row.line, row.cells["b"]) for row in read.rows] == [(2, "x,y"), (4, "z")]


def test_a_byte_order_mark_and_crlf_are_no_data(table):
    read = read_measured_table(table(b"\xef\xbb\xbfa,b\r\n1,2\r\n"))
    assert read.columns == ("a", "b")
    assert read.rows[0].integer("b") == 2


def test_whole_numbers_may_carry_a_decimal_point(table):
    assert read_measured_table(table("a\n49519.0\n")).rows[0].integer("a") == 49519


@pytest.mark.parametrize("text", ["", "a,b\n", "\n\n", 'a,b\n1,"x\n', b"a,b\n1,\x00\n", b"\xff\xfe"])
def test_what_is_no_table_is_refused(table, text):
    with pytest.raises(FileError, match=r"table\.csv"):
        read_measured_table(table(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,a\n1,2\n", "line 1: header = 'a'"),
        ("a,\n1,2\n", "line 1: header = ''"),
        ("a,b\n1,2\n3\n", "line 3: cells = 1: the header has 2 columns"),
    ],
)
def test_a_broken_shape_names_its_line(table, text, message):
    with pytest.raises(InputError) as caught:
        read_measured_table(table(text))
    assert message in str(caught.value)


@pytest.mark.parametrize("cell", ["-1", "0", "1.5", "x", "", "nan", "inf", "1e99", "1_0", "9" * 400, "0x10"])
def test_an_integer_below_one_or_none_at_all_is_refused(table, cell):
    row = read_measured_table(table(f"M,N\n{cell},1\n")).rows[0]
    with pytest.raises(InputError, match="line 2: M = "):
        row.integer("M")


def test_a_choice_says_what_is_allowed(table):
    row = read_measured_table(table("flow\nxs\n")).rows[0]
    with pytest.raises(InputError, match="must be one of ws, os"):
        row.choice("flow", ("ws", "os"))


def test_the_number_of_rows_is_bounded(table, monkeypatch):
    monkeypatch.setattr(measured_table, "MAX_ROWS", 2)
    with pytest.raises(FileError, match="more than 2 rows"):
        read_measured_table(table("a\n1\n2\n3\n"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_separates_columns_is_seen_in_the_header(table, separator):
    assert read_measured_table(table("\ufeffM#N\n3#4\n".replace("#", separator))).rows[0].integer("N") == 4
