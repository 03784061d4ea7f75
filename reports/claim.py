"""The first thing a reader should know of a comparison: what the chip costs in words, and what training wins back."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.markup import counted
from reports.summary import Gain, PaperSizedGain, Summary
from reports.text import number, percent

MOSTLY_WRONG = 0.5  # of the words in float: a model that does not know the speech says nothing of a chip
SURE = 0.99  # of paired resamples: below it, the comparison is no proof


def claim_sentence(summary: Summary) -> str | None:
    """One sentence in plain English; None if float, naive or aat was not scored."""
    wer = {name: figures.wer for name, figures in summary.systems.items() if figures.wer is not None}
    gain = summary.gain
    if not {"float", "naive", "aat"} <= set(wer) or gain.wer_lost_errors is None:
        return None
    words = f"of {counted(summary.corpus.words or 0, 'word')}"
    if wer["float"] > MOSTLY_WRONG:
        return (
            f"The model gets {percent(wer['float'], 1)} {words} wrong in float, on no chip at all: it was not trained "
            "for this speech, so the comparison does not say what the chip costs in words."
        )
    if gain.wer_recovered_pct is None:
        lost = f"{number(abs(gain.wer_lost_errors))} {'more' if gain.wer_lost_errors >= 0 else 'fewer'}"
        return (
            f"Put on this chip untrained, the model gets {percent(wer['naive'], 1)} {words} wrong, {lost} than in "
            "float: the chip costs too little here to show what training for it wins."
        )
    return (
        f"Put on this chip untrained, the model gets {percent(wer['naive'], 1)} {words} wrong instead of "
        f"{percent(wer['float'], 1)}; trained with the chip's own operators {percent(wer['aat'], 1)}, which wins back "
        f"{gain.wer_recovered_pct:.0f} % of the loss{_how_sure(gain)}."
    )


def _how_sure(gain: Gain) -> str:
    better = gain.aat_better_than_naive
    if better is None:
        return ""
    return f" (P > {SURE})" if better > SURE else f" (P = {better:.2f}, which is no proof)"


def paper_sized_sentences(gain: Gain) -> Iterator[str]:
    """Sentences on the gain of a recogniser of the paper's size; none if it was not computed."""
    paper = gain.paper_sized
    if paper is None:
        return
    yield (
        f"a recogniser of the paper's size ({paper.weights / 1e6:.0f} M weights) would gain {paper_gains(paper)} "
        "a hand-off in engine latency on the same speech and chip"
    )


def paper_gains(paper: PaperSizedGain) -> str:
    """The gain at each hand-off: "2.9 % at 35 us and 4.8 % at 60 us"."""
    return " and ".join(
        f"{pct:.1f} % at {handoff:g} us"
        for handoff, pct in zip(paper.handoffs_us, paper.engine_latency_pct, strict=True)
    )
