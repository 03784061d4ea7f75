"""What a demo says of milliseconds: this model's gain, and that of a recogniser of the paper's size."""

from __future__ import annotations

from reports.gain import gain_in_brief
from reports.summary import Gain, PaperSizedGain

PAPER = PaperSizedGain(shape="rnnt-paper", weights=58_000_000, handoffs_us=(35.0, 60.0), engine_latency_pct=(2.9, 4.84))


def test_both_gains_stand_in_one_sentence() -> None:
    assert gain_in_brief(Gain(engine_latency_pct=32.6, paper_sized=PAPER)) == (
        "aat answers 32.6 % sooner than cpu_fallback; a recogniser of the paper's size "
        "2.9 % at 35 us and 4.8 % at 60 us a hand-off"
    )


def test_nothing_is_said_of_what_was_not_computed() -> None:
    assert gain_in_brief(Gain()) == ""
    assert gain_in_brief(Gain(engine_latency_pct=32.6)) == "aat answers 32.6 % sooner than cpu_fallback"


def test_a_chip_that_answers_later_is_not_said_to_answer_sooner() -> None:
    assert gain_in_brief(Gain(engine_latency_pct=-3.0)) == "aat answers 3.00 % later than cpu_fallback"
