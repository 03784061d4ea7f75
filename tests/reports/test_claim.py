"""The first sentence of a comparison: what the chip costs in words, and what training for it wins back."""

import pytest

from reports.claim import claim_sentence, paper_sized_sentences
from reports.summary import Corpus, Gain, PaperSizedGain, Summary, SystemFigures

SCORED = {"float": 0.05, "naive": 0.15, "aat": 0.055}


def summary(gain: Gain, wer: dict[str, float] = SCORED) -> Summary:
    corpus = Corpus(manifest="dev.jsonl", utterances=150, words=1000, audio_seconds=400.0)
    return Summary(
        preset="edge256", hardware_hash="", numerics_hash="", versions={}, corpus=corpus,
        systems={name: SystemFigures(wer=value) for name, value in wer.items()}, gain=gain,
    )  # fmt: skip


def test_loss_and_recovery_stand_in_one_sentence() -> None:
    gain = Gain(wer_lost_errors=100, wer_recovered_errors=95, wer_recovered_pct=95.0, aat_better_than_naive=1.0)
    assert claim_sentence(summary(gain)) == (
        "Put on this chip untrained, the model gets 15.0 % of 1,000 words wrong instead of 5.0 %; trained with the "
        "chip's own operators 5.5 %, which wins back 95 % of the loss (P > 0.99)."
    )


def test_what_is_not_sure_is_said() -> None:
    gain = Gain(wer_lost_errors=6, wer_recovered_errors=2, wer_recovered_pct=33.0, aat_better_than_naive=0.63)
    assert "(P = 0.63, which is no proof)." in str(claim_sentence(summary(gain)))


@pytest.mark.parametrize(("lost", "words"), [(3, "3 more than in float"), (-2, "2 fewer than in float")])
def test_a_chip_that_costs_next_to_nothing_shows_nothing(lost: int, words: str) -> None:
    sentence = str(claim_sentence(summary(Gain(wer_lost_errors=lost, wer_recovered_errors=1))))
    assert words in sentence
    assert sentence.endswith("too little here to show what training for it wins.")


@pytest.mark.parametrize("gain", [Gain(wer_lost_errors=0), Gain(wer_lost_errors=9, wer_recovered_pct=50.0)])
def test_a_model_that_does_not_know_the_speech_says_nothing_of_the_chip(gain: Gain) -> None:
    assert claim_sentence(summary(gain, {"float": 1.0, "naive": 1.0, "aat": 1.0})) == (
        "The model gets 100.0 % of 1,000 words wrong in float, on no chip at all: it was not trained for this speech, "
        "so the comparison does not say what the chip costs in words."
    )


def test_without_the_three_systems_there_is_no_claim() -> None:
    assert claim_sentence(summary(Gain(wer_lost_errors=9, wer_recovered_errors=1), {"float": 0.1, "aat": 0.1})) is None


def test_the_papers_size_is_told_at_each_hand_off() -> None:
    paper = PaperSizedGain(
        shape="rnnt-paper", weights=58_360_832, handoffs_us=(35.0, 60.0), engine_latency_pct=(2.86, 4.85)
    )
    (sentence,) = paper_sized_sentences(Gain(paper_sized=paper))
    assert sentence.startswith("a recogniser of the paper's size (58 M weights) would gain 2.9 % at 35 us and 4.8 % at")
    assert list(paper_sized_sentences(Gain())) == []
