"""Parts of a study give the same whether they run here or side by side; the first complaint ends them."""

from functools import partial

import pytest

from nnasim.errors import InputError, NnasimError
from nnasim.studies.parallel import computed


def squared(number: int) -> int:
    if number < 0:
        raise InputError("parts", "number", number, "must not be negative")
    return number * number


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_have_their_names_and_the_order_of_the_parts(jobs: int) -> None:
    progress: list[tuple[object, ...]] = []
    parts = {name: partial(squared, name) for name in (3, 1, 2)}
    results = computed(parts, jobs, "squares", lambda *how: progress.append(how))
    assert list(results.items()) == [(3, 9), (1, 1), (2, 4)]
    assert progress == [("squares", done, 3) for done in range(4)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_complaint_is_told_in_its_own_words(jobs: int) -> None:
    with pytest.raises(NnasimError, match="parts: number = -1: must not be negative"):
        computed({name: partial(squared, name) for name in (1, -1)}, jobs)
