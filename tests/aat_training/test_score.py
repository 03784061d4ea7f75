"""Word error rates, their intervals and the paired comparison."""

import random

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aat_training.score import LEAST_LOST, Score, probability_better, recovery, score, wer_interval, word_errors

WORDS = ["zero", "one", "two", "three", "four"]


def _random_pairs(count: int, seed: int = 1) -> list[tuple[str, str]]:
    rng = random.Random(seed)

    def sentence(least: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(least, 7)))

    return [(sentence(1), sentence(0)) for _ in range(count)]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("one two", "one two", 0),
        ("one two", "one three", 1),
        ("one two", "two", 1),
        ("one two", "one one two", 1),
        ("one two", "", 2),
        ("", "one", 1),
        ("  one\ttwo ", "one two", 0),
    ],
)
def test_word_errors_are_substitutions_deletions_and_insertions(reference: str, hypothesis: str, errors: int) -> None:
    assert word_errors(reference, hypothesis) == errors


def test_errors_agree_with_an_independent_implementation() -> None:
    pairs = _random_pairs(200)
    ours = score(pairs)
    theirs = jiwer.process_words([r for r, _ in pairs], [h for _, h in pairs])
    assert ours.errors == theirs.substitutions + theirs.deletions + theirs.insertions
    assert ours.wer == pytest.approx(theirs.wer)


def test_wer_without_reference_words_is_undefined_not_zero() -> None:
    empty = score([("", "one")])
    assert empty.errors == 1
    assert empty.wer is None
    assert wer_interval(empty) is None


def test_the_interval_holds_the_rate_and_repeats() -> None:
    result = score(_random_pairs(100))
    low, high = wer_interval(result)
    assert low < result.wer < high
    assert (low, high) == wer_interval(result)


def test_the_interval_of_independent_errors_is_the_binomial_one() -> None:
    """400 utterances of one word, 10 % wrong: the standard error is sqrt(0.1 * 0.9 / 400) = 0.015."""
    result = Score(errors_per_utterance=(1,) * 40 + (0,) * 360, words_per_utterance=(1,) * 400)
    low, high = wer_interval(result)
    assert high - low == pytest.approx(2 * 1.96 * 0.015, rel=0.1)


def test_a_system_with_fewer_errors_everywhere_is_surely_better() -> None:
    good, bad = Score((0, 0, 0), (3, 3, 3)), Score((1, 1, 1), (3, 3, 3))
    assert probability_better(good, bad) == 1
    assert probability_better(bad, good) == 0
    assert probability_better(good, good) == 0.5


def test_a_paired_comparison_needs_the_same_utterances() -> None:
    with pytest.raises(ValueError, match="same utterances"):
        probability_better(Score((0,), (1,)), Score((0,), (2,)))


def _counts(*errors: int) -> Score:
    return Score(errors, (10,) * len(errors))


def test_the_share_won_back_stands_with_its_count_and_interval() -> None:
    recovered = recovery(_counts(1, 1, 1), _counts(5, 5, 5), _counts(2, 2, 2))
    assert (recovered.won, recovered.lost) == (9, 12)
    assert recovered.share == pytest.approx(0.75)
    assert recovered.interval == pytest.approx((0.75, 0.75))


@pytest.mark.parametrize("naive", [(2, 2), (1, 1), (0, 0)])
def test_nothing_lost_is_no_share_won_back(naive: tuple[int, int]) -> None:
    recovered = recovery(_counts(2, 2), _counts(*naive), _counts(9, 9))
    assert (recovered.share, recovered.interval) == (None, None)
    assert recovered.lost == sum(naive) - 4


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=20))
def test_a_share_is_told_only_of_a_loss_of_five_errors_or_more(errors: list[tuple[int, int, int]]) -> None:
    reference, lossy, own = (_counts(*column) for column in zip(*errors, strict=True))
    recovered = recovery(reference, lossy, own, replications=200)
    assert (recovered.share is None) == (recovered.interval is None)
    if recovered.share is not None:
        assert recovered.lost == lossy.errors - reference.errors >= LEAST_LOST
        assert recovered.share == pytest.approx(recovered.won / recovered.lost)


def test_one_word_of_two_is_no_half() -> None:
    recovered = recovery(_counts(*[0] * 20), _counts(1, 1, *[0] * 18), _counts(1, *[0] * 19))
    assert (recovered.won, recovered.lost, recovered.share) == (1, 2, None)


def test_a_loss_that_may_be_chance_has_no_share() -> None:
    recovered = recovery(_counts(0, 9, 0, 0), _counts(15, 0, 0, 0), _counts(0, 9, 0, 0))
    assert (recovered.won, recovered.lost, recovered.share) == (6, 6, None)
