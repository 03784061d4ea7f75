"""A count with its noun."""

import pytest

from nnasim.markup import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 utterances"), (1, "1 utterance"), (2, "2 utterances"), (1200, "1,200 utterances")]
)
def test_one_thing_is_no_things(count: int, text: str) -> None:
    assert counted(count, "utterance") == text
