"""Two runs are compared value by value, and what only one of them shows differs as a whole."""

from __future__ import annotations

import numpy as np

from nnasim.functional.observed import Observed, difference


def seen(*values: int, states: int = 0) -> Observed:
    """One call per value of an output of two integers, and a state."""
    outputs = {"y": [np.array([value, 7]) for value in values]}
    return Observed(outputs=outputs, states={"h": np.full(3, states)})


def test_equal_runs_differ_in_nothing_and_every_integer_is_counted() -> None:
    compared = difference(seen(1, 2), seen(1, 2))
    assert (compared.answers, compared.states, compared.different) == (4, 3, {})


def test_what_differs_is_counted_by_its_tensor() -> None:
    assert difference(seen(1, 2, states=5), seen(1, 3)).different == {"y": 1, "h": 3}


def test_a_call_that_only_one_run_made_differs_as_a_whole() -> None:
    compared = difference(seen(1), seen(1, 2))
    assert (compared.answers, compared.different) == (4, {"y": 2})
    assert difference(seen(1, 2), Observed(states={"h": np.zeros(3)})).different == {"y": 4}


def test_logits_are_what_an_argmax_read() -> None:
    chip, reference = Observed(logits=[np.array([1, 2])]), Observed(logits=[np.array([1, 3])])
    assert difference(chip, reference).different == {"what argmax reads": 1}
