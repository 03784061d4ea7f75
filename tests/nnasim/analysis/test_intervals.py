"""Unions of intervals count each cycle once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nnasim.analysis.intervals import length, union

interval_lists = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: tuple(sorted(pair))), max_size=12
)


@given(interval_lists)
def test_the_union_covers_exactly_the_cycles_of_its_parts(intervals) -> None:
    covered = {cycle for start, end in intervals for cycle in range(start, end)}
    joined = union(intervals)
    assert {cycle for start, end in joined for cycle in range(start, end)} == covered
    assert length(intervals) == len(covered)
    assert all(a[1] < b[0] for a, b in pairwise(joined))
