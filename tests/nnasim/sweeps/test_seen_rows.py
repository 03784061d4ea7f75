"""The table of rows that were met before, when more come than it had room for."""

from nnasim.sweeps.seen_rows import SeenRows


def test_a_row_is_new_once_however_many_others_come() -> None:
    seen, rows = SeenRows(2), [(f"k{number}", number) for number in range(1000)]
    assert [seen.add(row) for row in rows] == [True] * 1000
    assert [seen.add(row) for row in rows] == [False] * 1000
    assert len(seen) == 1000
