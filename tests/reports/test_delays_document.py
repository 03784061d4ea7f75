"""The delay study's record becomes a document whose first sentence answers."""

from __future__ import annotations

from typing import Any

import pytest

from reports.delays_document import answer, delays_document
from reports.to_html import html
from reports.to_markdown import markdown


def price(gained_ms: float, lost_points: float, **more: Any) -> dict[str, Any]:
    return {
        "gained_ms": gained_ms, "interval": [gained_ms - 1, gained_ms + 1], "lost_points": lost_points,
        "probability_lost": 0.99, "ms_per_tenth": gained_ms * 0.1 / lost_points if lost_points > 0 else None,
        "penalty": None, **more,
    }  # fmt: skip


def row(penalty: float, system: str, **more: Any) -> dict[str, Any]:
    wait = {"mean_ms": 900.0, "p50_ms": 890.0, "p90_ms": 950.0, "unclosed": 1,
            "parts_ms": {"chunk": 15.0, "emission_delay": 40.0, "endpointer": 840.0, "engine": 5.0}}  # fmt: skip
    return {
        "penalty": penalty, "system": system, "seeds": 1, "wer": 0.02, "interval": [0.01, 0.03], "errors": 10,
        "words": 500, "per_seed": [0.02], "delays": 480, "delay_p50_ms": 120.0, "delay_p90_ms": 180.0,
        "waits": {"trailing_blanks": wait, "fixed_wait": wait}, "price": None, **more,
    }  # fmt: skip


@pytest.fixture
def study() -> dict[str, Any]:
    return delays_study()


def delays_study() -> dict[str, Any]:
    delay = price(60.0, 0.3, penalty=0.01)
    return {
        "recipe": "digits", "preset": "edge256", "changes": [], "output_ms": 60.0, "seeds": 1, "dev": "dev.jsonl",
        "utterances": 100, "words": 500, "word_times": "the word times beside the manifest",
        "endpointers": [{"kind": "trailing_blanks", "wait_ms": 800.0}, {"kind": "fixed_wait", "wait_ms": 240.0}],
        "decisive_endpointer": "trailing_blanks", "base": None, "base_steps": 4500, "steps": 800,
        "command": "nnasim study delays --out DIR",
        "rows": [row(0.0, "float"), row(0.0, "aat"), row(0.01, "aat", price=delay)],
        "delay": delay, "handoff": price(2.0, 0.1), "cheaper": "delay", "missing": ["seed-0/float-delay-0.01"],
        "failed": {"seed-0/float-delay-0.03": "training diverged at step 0"},
        "models": [{"name": "seed-0/base", "steps": 4500, "cpu_seconds": 71.0, "sha256": "ab" * 32,
                    "command": "nnasim train"}],
    }  # fmt: skip


def test_every_part_stands_in_both_forms(study: dict[str, Any]) -> None:
    document = delays_document(study)
    for text in (html(document), markdown(document)):
        for words in (
            answer(study),
            "4,500",
            "60.0 ms",
            "seed-0/float-delay-0.01",
            "diverged at step 0",
            "nnasim train",
        ):
            assert words.replace("'", "&#39;") in text or words in text


def test_one_sentence_says_which_millisecond_is_cheaper(study: dict[str, Any]) -> None:
    assert answer(study) == (
        "On edge256 the cheaper millisecond is the delay's: a delay penalty of 0.01 spares the user 60.0 ms (59.0 to "
        "61.0) for 0.30 points of WER: 20.0 ms for each 0.1 point; operators on the chip, which save hand-offs, spare "
        "2.00 ms (1.00 to 3.00) for 0.10 points of WER: 2.00 ms for each 0.1 point."
    )


def test_a_doubtful_loss_is_called_so_and_a_free_gain_too_and_a_small_one(study: dict[str, Any]) -> None:
    study |= {"delay": price(60.0, 0.3, penalty=0.01, probability_lost=0.8), "handoff": price(2.0, -0.1)}
    study |= {"cheaper": "hand-off", "changes": ["numerics.cell_bits=16"]}
    sentence = answer(study)
    assert sentence.startswith("On edge256 with numerics.cell_bits=16 the cheaper millisecond is the hand-off's: ")
    assert "0.30 points of WER, P that any are lost 0.80: " in sentence
    assert "2.00 ms (1.00 to 3.00) for no words: WER changes by -0.10 points" in sentence
    assert sentence.endswith("; but of the hand-off's there are only 2.00 ms to buy, of the delay's 60.0.")


def test_where_nothing_can_be_bought_that_is_the_answer(study: dict[str, Any]) -> None:
    study |= {"delay": None, "handoff": None, "cheaper": None}
    assert answer(study) == (
        "On edge256 neither millisecond can be bought: no delay penalty spares the user anything, and operators on the "
        "chip spare nothing."
    )
    assert "What a millisecond costs" in markdown(delays_document(study))
