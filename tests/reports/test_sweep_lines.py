"""What a sweep prints first: where its points are, and how many."""

from __future__ import annotations

import pytest

from reports.sweep_lines import _of_store

COUNTS = "2,000 of 2,000 points, 16 were there, 1,984 computed"


def test_a_short_path_and_the_counts_share_a_line() -> None:
    assert _of_store("s.sqlite", COUNTS) == [f"s.sqlite: {COUNTS}"]


@pytest.mark.parametrize("length", range(20, 120))
def test_neither_path_nor_counts_are_ever_broken(length: int) -> None:
    lines = _of_store("/" + "x" * length, COUNTS)
    assert any(COUNTS in line for line in lines)
    assert any("/" + "x" * length + ":" in line for line in lines)
