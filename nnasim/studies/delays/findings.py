"""The findings of the delay study: word errors, delays and waits of each penalty, and the price of a millisecond."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from aat_training.score import Score, probability_better, wer_interval
from nnasim.analysis.bootstrap import draws, interval, resampled
from nnasim.analysis.percentiles import percentile
from nnasim.studies.delays.measure import OFF_CHIP, Measured, Parts, Waits
from nnasim.studies.training.scoring import pooled

Seeds = Mapping[int, Measured]
Arms = Mapping[tuple[float, str], Seeds]
"""By (penalty, system), then by seed."""

DECISIVE = "trailing_blanks"  # the endpointer that follows the words, so that it closes sooner if they leave sooner
A_TENTH = 0.1  # percentage points of WER


@dataclass(frozen=True)
class Wait:
    """User-perceived latency under one endpointer, all seeds together; ``parts_ms``: means, which add up to the mean.

    ``unclosed``: utterances that were closed before their speech ended, or never; they have no latency.
    """

    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    parts_ms: Mapping[str, float]
    unclosed: int


@dataclass(frozen=True)
class Price:
    """The milliseconds that the user is spared on average, and the words that they cost.

    ``interval``: of ``gained_ms``, over utterances. ``lost_points``: percentage points by which the WER rises;
    negative: it falls. ``probability_lost``: share of paired resamples with more errors. ``ms_per_tenth``: milliseconds
    per 0.1 point; None if no word is lost, and the milliseconds cost nothing.
    """

    gained_ms: float
    interval: tuple[float, float]
    lost_points: float
    probability_lost: float
    ms_per_tenth: float | None
    penalty: float | None = None


@dataclass(frozen=True)
class Row:
    """One penalty and system, all seeds together. ``delays``: words that are timed. ``price``: of the penalty."""

    penalty: float
    system: str
    seeds: int
    wer: float | None
    interval: tuple[float, float] | None
    errors: int
    words: int
    per_seed: tuple[float | None, ...]
    delays: int
    delay_p50_ms: float | None
    delay_p90_ms: float | None
    waits: Mapping[str, Wait]
    price: Price | None


def findings(arms: Arms) -> list[Row]:
    """A row for every penalty and system, in the order of ``arms``."""
    return [_row(penalty, system, seeds, arms) for (penalty, system), seeds in arms.items()]


def delay_price(rows: Sequence[Row]) -> Price | None:
    """The price of the best penalty for ``aat``: the one with the most milliseconds without lost words, else the most
    per 0.1 point of WER.

    None if no penalty saves any. The choice is made on the speech that also gives the figures, which favours the
    penalty.
    """
    prices = [row.price for row in rows if row.system == "aat" and row.price and row.price.gained_ms > 0]
    return max(prices, key=_worth, default=None)


def handoff_price(arms: Arms) -> Price | None:
    """The price of operators on the chip without a penalty, against activations in float on the CPU.

    Milliseconds are those of one decoding, placed on the chip and on the CPU; words are those of two models, one for
    each place. None if no milliseconds are saved.
    """
    own, other = arms.get((0.0, "aat"), {}), arms.get((0.0, OFF_CHIP), {})
    shared = [seed for seed in own if seed in other]
    gain = _gain({seed: own[seed].off_chip for seed in shared}, {seed: own[seed].waits for seed in shared})
    if gain is None or gain[0] <= 0:
        return None
    return _price(*gain, [other[seed].score for seed in shared], [own[seed].score for seed in shared])


def cheaper(delay: Price | None, handoff: Price | None) -> Literal["delay", "hand-off"] | None:
    """The price that buys more milliseconds for the same words; None if there is neither.

    If both cost no words, it is the one with the larger gain.
    """
    if delay is None or handoff is None:
        return "delay" if delay else "hand-off" if handoff else None
    return "delay" if _worth(delay) > _worth(handoff) else "hand-off"


def _worth(price: Price) -> tuple[bool, float]:
    """A key to compare prices with, larger is better: a gain without lost words comes before one that costs words."""
    return price.ms_per_tenth is None, price.gained_ms if price.ms_per_tenth is None else price.ms_per_tenth


def _row(penalty: float, system: str, seeds: Seeds, arms: Arms) -> Row:
    own = pooled([measurement.score for measurement in seeds.values()])
    delays_ms = [1e3 * delay for measurement in seeds.values() for delay in measurement.delays_s]
    return Row(
        penalty=penalty,
        system=system,
        seeds=len(seeds),
        wer=own.wer,
        interval=wer_interval(own),
        errors=own.errors,
        words=own.words,
        per_seed=tuple(measurement.score.wer for measurement in seeds.values()),
        delays=len(delays_ms),
        delay_p50_ms=percentile(delays_ms, 50) if delays_ms else None,
        delay_p90_ms=percentile(delays_ms, 90) if delays_ms else None,
        waits={kind: _wait(kind, seeds) for kind in next(iter(seeds.values())).waits},
        price=_penalty_price(penalty, arms.get((0.0, system), {}), seeds),
    )


def _wait(kind: str, seeds: Seeds) -> Wait:
    every = [parts for measurement in seeds.values() for parts in measurement.waits[kind]]
    closed = [parts for parts in every if parts]
    if not closed:
        return Wait(None, None, None, {}, len(every))
    sums = [sum(parts.values()) for parts in closed]
    means = {name: mean(parts[name] for parts in closed) for name in closed[0]}
    return Wait(mean(sums), percentile(sums, 50), percentile(sums, 90), means, len(every) - len(closed))


def _penalty_price(penalty: float, without: Seeds, seeds: Seeds) -> Price | None:
    """The price of ``penalty`` on the seeds that were trained without it too."""
    shared = [seed for seed in seeds if seed in without]
    gain = _gain(*({seed: _heard_right(arm[seed]) for seed in shared} for arm in (without, seeds)))
    if gain is None or not penalty:
        return None
    before, after = ([arm[seed].score for seed in shared] for arm in (without, seeds))
    return _price(*gain, before, after, penalty)


def _price(
    gained_ms: float, spread: tuple[float, float], before: list[Score], after: list[Score],
    penalty: float | None = None,
) -> Price:  # fmt: skip
    old, new = pooled(before), pooled(after)
    lost = 100 * (new.errors - old.errors) / old.words if old.words else 0.0
    return Price(
        gained_ms=gained_ms,
        interval=spread,
        lost_points=lost,
        probability_lost=probability_better(old, new),
        ms_per_tenth=gained_ms * A_TENTH / lost if lost > 0 else None,
        penalty=penalty,
    )


def _heard_right(measurement: Measured) -> Waits:
    """The waits of utterances without an error. After a lost last word the endpointer closes sooner, which is no
    saving.
    """
    errors = measurement.score.errors_per_utterance
    return {
        kind: tuple({} if wrong else parts for wrong, parts in zip(errors, waits, strict=True))
        for kind, waits in measurement.waits.items()
    }


def _gain(before: Mapping[int, Waits], after: Mapping[int, Waits]) -> tuple[float, tuple[float, float]] | None:
    """The milliseconds by which the mean wait is shorter, and the interval; None if no utterance has both waits.

    Paired: a seed's utterance counts if its wait is known before and after; its seeds are averaged first.
    """
    pairs = [(before[seed].get(DECISIVE, ()), after[seed][DECISIVE]) for seed in before]
    if not pairs or not all(old for old, _ in pairs):
        return None
    gains = list(_per_utterance(pairs))
    return (mean(gains), interval(resampled(gains, None, draws(len(gains))))) if gains else None


def _per_utterance(pairs: Sequence[tuple[tuple[Parts, ...], tuple[Parts, ...]]]) -> Iterator[float]:
    for utterance in zip(*(zip(old, new, strict=True) for old, new in pairs), strict=True):
        spared_ms = [sum(old.values()) - sum(new.values()) for old, new in utterance if old and new]
        if spared_ms:
            yield mean(spared_ms)
