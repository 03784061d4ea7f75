"""The gain of `aat` against `cpu_fallback` in latency, on the mean and at p90, with intervals; and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nnasim.analysis.bootstrap import Estimate, relative_change
from nnasim.ir.result import SimResult, UtteranceTimes
from nnasim.markup import counted
from reports.claim import paper_gains, paper_sized_sentences
from reports.summary import FrameGain, Gain
from reports.text import number, percent

Interval = tuple[float, float]
FAST, SLOW = "aat", "cpu_fallback"
SAME_PCT = 0.05  # what one digit after the point does not show


def latency_gain(results: Mapping[str, SimResult]) -> Gain:
    """The part of a ``Gain`` that latencies give; empty if a system is missing or the utterances differ."""
    pairs = _paired(results.get(FAST), results.get(SLOW))
    if not pairs:
        return Gain()
    mean, p90 = (_lower(pairs, percent) for percent in (None, 90))
    return Gain(
        engine_latency_pct=_value(mean),
        engine_latency_pct_ci=_interval(mean, pairs),
        engine_latency_p90_pct=_value(p90),
        engine_latency_p90_pct_ci=_interval(p90, pairs),
        by_last_frame=tuple(_by_last_frame(pairs)),
    )


Pairs = Sequence[tuple[UtteranceTimes, UtteranceTimes]]


def _paired(fast: SimResult | None, slow: SimResult | None) -> Pairs:
    """Each utterance in both systems."""
    if fast is None or slow is None or [u.id for u in fast.utterances] != [u.id for u in slow.utterances]:
        return []
    return list(zip(fast.utterances, slow.utterances, strict=True))


def _lower(pairs: Pairs, percent: float | None) -> Estimate | None:
    """The percentage by which the fast system's latency is lower than the slow one's."""
    change = relative_change([s.engine_latency_ms for _, s in pairs], [f.engine_latency_ms for f, _ in pairs], percent)
    return None if change is None else Estimate(-change.value, -change.high, -change.low)


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _interval(estimate: Estimate | None, pairs: Pairs) -> Interval | None:
    """One utterance alone says nothing about others."""
    return None if estimate is None or len(pairs) < 2 else (estimate.low, estimate.high)


def _by_last_frame(pairs: Pairs) -> Iterator[FrameGain]:
    """The gain for each kind of last frame, most frequent first; utterances whose kinds are unknown are in none."""
    kinds: dict[str, list[tuple[UtteranceTimes, UtteranceTimes]]] = {}
    for fast, slow in pairs:
        if fast.last_frame is not None and slow.last_frame is not None:
            same = fast.last_frame == slow.last_frame
            kind = fast.last_frame if same else "not the same in both, since other words were decoded"
            kinds.setdefault(kind, []).append((fast, slow))
    for kind, alike in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0])):
        gain = _lower(alike, None)
        if gain is not None:
            yield FrameGain(
                last_frame=kind,
                utterances=len(alike),
                engine_latency_pct=gain.value,
                engine_latency_pct_ci=_interval(gain, alike),
            )


def gain_sentences(gain: Gain) -> list[str]:
    """All that was won, as sentences that stand alone."""
    return [*latency_sentences(gain), *paper_sized_sentences(gain), *recovery_sentences(gain)]


def recovery_sentences(gain: Gain) -> Iterator[str]:
    """The words that were won back, and how sure that is."""
    if words := words_sentence(gain):
        yield words
    if gain.aat_better_than_naive is not None:
        share = percent(gain.aat_better_than_naive, 1)
        yield f"{share} of 10,000 paired resamples have fewer word errors with aat than with naive (ties: half)"


def gain_in_brief(gain: Gain) -> str:
    """A sentence on the gain in mean engine latency from staying on the chip, here and at the paper's size; "" if
    unknown.
    """
    lower = gain.engine_latency_pct
    if lower is None:
        return ""
    here = f"{FAST} answers {number(abs(lower))} % {'sooner' if lower >= 0 else 'later'} than {SLOW}"
    if gain.paper_sized is None:
        return here
    return f"{here}; a recogniser of the paper's size {paper_gains(gain.paper_sized)} a hand-off"


def latency_sentences(gain: Gain) -> Iterator[str]:
    """Sentences on the latency gain; none if there is no gain to report."""
    if gain.engine_latency_pct is None:
        return
    mean = _lower_than(gain.engine_latency_pct, gain.engine_latency_pct_ci)
    yield f"engine latency of {FAST} against {SLOW}: {mean} on the mean" + (
        "" if gain.engine_latency_p90_pct is None or gain.engine_latency_pct_ci is None
        else f", {_lower_than(gain.engine_latency_p90_pct, gain.engine_latency_p90_pct_ci)} at p90"
    )  # fmt: skip
    if len(gain.by_last_frame) > 1:
        kinds = "; ".join(
            f"{_lower_than(frame.engine_latency_pct, frame.engine_latency_pct_ci)} where it is {frame.last_frame} "
            f"({counted(frame.utterances, 'utterance')})"
            for frame in gain.by_last_frame
        )
        yield f"by the steps of an utterance's last frame: {kinds}"


def words_sentence(gain: Gain) -> str | None:
    """The words won back: a share never without count and interval, and none of a loss of a few errors."""
    lost, won = gain.wer_lost_errors, gain.wer_recovered_errors
    if lost is None or won is None:
        return None
    if lost <= 0:
        return f"naive makes no more word errors than float ({_count(lost)}), so there is nothing to win back"
    if gain.wer_recovered_pct is None or gain.wer_recovered_pct_ci is None:
        return (
            f"naive makes {number(lost)} word errors more than float, aat {_fewer(won)} than naive: "
            "too few or too uncertain for a share won back"
        )
    low, high = gain.wer_recovered_pct_ci
    return (
        f"aat wins back {number(gain.wer_recovered_pct)} % of what naive loses against float "
        f"({number(won)} of {number(lost)} errors; 95 % interval {low:.0f} to {high:.0f} %)"
    )


def _count(lost: int) -> str:
    return "as many" if lost == 0 else f"{number(-lost)} fewer"


def _fewer(won: int) -> str:
    return f"{number(abs(won))} {'fewer' if won >= 0 else 'more'}"


def _lower_than(pct: float, interval: Interval | None) -> str:
    """Such as "30.7 % lower (95 % interval 22.1 to 38.0 %)"."""
    spread = "" if interval is None else f" (95 % interval {interval[0]:.1f} to {interval[1]:.1f} %)"
    if interval is not None and f"{interval[0]:.1f}" == f"{interval[1]:.1f}":
        spread = " (95 % interval within 0.1)"
    if abs(pct) < SAME_PCT:
        return f"the same{spread}"
    return f"{number(abs(pct))} % {'lower' if pct > 0 else 'higher'}{spread}"
