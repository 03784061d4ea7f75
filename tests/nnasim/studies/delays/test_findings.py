"""From hand-made measurements to the price of a millisecond."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from aat_training.score import Score
from nnasim.studies.delays.findings import Price, Row, cheaper, delay_price, findings, handoff_price
from nnasim.studies.delays.measure import Measured, Waits

WORDS = (10,) * 20


def waits(wait_ms: float, count: int = 20) -> Waits:
    """Every utterance waits for as long; 1 ms of it for the engine."""
    return {"trailing_blanks": ({"endpointer": wait_ms - 1, "engine": 1.0},) * count}


def measured(errors: int, wait_ms: float, off_chip_ms: float | None = None) -> Measured:
    """``errors`` in the first half of 20 utterances of ten words, none in the second."""
    score = Score((errors,) * 10 + (0,) * 10, WORDS)
    return Measured(score, (0.05, 0.1, 0.15), waits(wait_ms), waits(off_chip_ms) if off_chip_ms else {})


@pytest.fixture
def arms() -> dict[tuple[float, str], dict[int, Measured]]:
    return {
        (0.0, "cpu_fallback"): {0: measured(1, 805)},
        (0.0, "aat"): {0: measured(1, 801, 803), 1: measured(1, 801, 803)},
        (0.01, "aat"): {0: measured(1, 781), 1: measured(3, 781)},
        (0.03, "aat"): {0: measured(2, 761), 1: measured(4, 761)},
    }


def row(rows: list[Row], penalty: float) -> Row:
    return next(row for row in rows if (row.penalty, row.system) == (penalty, "aat"))


def test_seeds_are_pooled(arms):
    aat = row(findings(arms), 0.01)
    assert (aat.seeds, aat.errors, aat.words, aat.delays) == (2, 40, 400, 6)
    assert aat.per_seed == (0.05, 0.15)
    assert (aat.delay_p50_ms, aat.delay_p90_ms) == (pytest.approx(100), pytest.approx(150))
    assert aat.waits["trailing_blanks"].mean_ms == pytest.approx(781)
    assert aat.waits["trailing_blanks"].parts_ms == {"endpointer": 780, "engine": 1}


def test_a_penalty_is_priced_against_none(arms):
    rows = findings(arms)
    assert row(rows, 0.0).price is None
    price = row(rows, 0.01).price
    assert price.gained_ms == pytest.approx(20)
    assert price.interval == pytest.approx((20, 20))
    assert price.lost_points == pytest.approx(5)  # 20 of 400 words
    assert price.ms_per_tenth == pytest.approx(0.4)


def test_the_best_penalty_has_most_milliseconds_for_a_tenth_of_a_point(arms):
    assert delay_price(findings(arms)).penalty == 0.01
    arms[0.03, "aat"] = {0: measured(2, 741), 1: measured(2, 741)}
    assert delay_price(findings(arms)).penalty == 0.03


def test_what_costs_no_word_is_free_and_comes_first(arms):
    arms[0.03, "aat"] = {0: measured(1, 800), 1: measured(1, 800)}
    best = delay_price(findings(arms))
    assert (best.penalty, best.ms_per_tenth) == (0.03, None)


def test_a_penalty_that_spares_nobody_anything_has_no_price(arms):
    del arms[0.03, "aat"]
    arms[0.01, "aat"] = {0: measured(1, 801), 1: measured(1, 801)}
    assert delay_price(findings(arms)) is None


def test_who_loses_the_last_word_spares_nobody_anything(arms):
    """Of utterances with an error the wait is not compared: here only they are closed sooner."""
    sooner = {"trailing_blanks": waits(500, 10)["trailing_blanks"] + waits(801, 10)["trailing_blanks"]}
    score = measured(1, 801).score
    arms[0.01, "aat"] = dict.fromkeys((0, 1), Measured(score, (), sooner))
    assert row(findings(arms), 0.01).price.gained_ms == 0


def test_an_utterance_that_was_never_closed_has_no_wait(arms):
    open_ended = {"trailing_blanks": ({},) * 15 + waits(781, 5)["trailing_blanks"]}
    arms[0.01, "aat"] = dict.fromkeys((0, 1), Measured(measured(1, 0).score, (), open_ended))
    aat = row(findings(arms), 0.01)
    assert aat.waits["trailing_blanks"].unclosed == 30
    assert aat.price.gained_ms == pytest.approx(20)
    arms[0.01, "aat"] = dict.fromkeys((0, 1), Measured(measured(1, 0).score, (), {"trailing_blanks": ({},) * 20}))
    aat = row(findings(arms), 0.01)
    assert (aat.price, aat.waits["trailing_blanks"].mean_ms, aat.delay_p50_ms) == (None, None, None)


def test_a_penalty_is_compared_on_the_seeds_that_both_have(arms):
    del arms[0.01, "aat"][0]
    assert row(findings(arms), 0.01).price.lost_points == pytest.approx(10)


def test_operators_on_the_chip_are_priced_on_one_decode(arms):
    price = handoff_price(arms)
    assert (price.gained_ms, price.ms_per_tenth, price.penalty) == (pytest.approx(2), None, None)
    arms[0.0, "aat"] = {0: measured(2, 801, 803)}
    assert handoff_price(arms).ms_per_tenth == pytest.approx(0.04)  # 10 of 200 words
    arms[0.0, "aat"] = {0: measured(2, 801, 801)}
    assert handoff_price(arms) is None


def price(gained_ms: float, ms_per_tenth: float | None) -> Price:
    return Price(gained_ms, (gained_ms, gained_ms), 0.0, 0.5, ms_per_tenth)


@pytest.mark.parametrize(
    ("delay", "handoff", "expected"),
    [
        (price(60, 9.0), price(2, 4.0), "delay"),
        (price(60, 9.0), price(2, None), "hand-off"),
        (price(60, None), price(2, None), "delay"),
        (None, price(2, 4.0), "hand-off"),
        (price(60, 9.0), None, "delay"),
        (None, None, None),
    ],
)
def test_the_cheaper_millisecond_costs_fewer_words(delay, handoff, expected):
    assert cheaper(delay, handoff) == expected
