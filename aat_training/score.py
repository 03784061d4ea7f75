"""Word error rate with its confidence interval, and the paired comparison of two systems.

Only counts and resampling: no torch, no audio. The interval is the percentile bootstrap over utterances of
Bisani and Ney ("Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004),
which respects that the errors of one utterance are not independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnasim.analysis.bootstrap import CONFIDENCE, interval

REPLICATIONS = 10_000
SEED = 0
LEAST_LOST = 5  # word errors: a share of fewer is decided by single words
_CHUNK = 500  # replications drawn at once: bounds memory at 500 x utterances


@dataclass(frozen=True)
class Score:
    """Errors of one system over a corpus. Per-utterance counts are kept: paired tests need them."""

    errors_per_utterance: tuple[int, ...]
    words_per_utterance: tuple[int, ...]

    @property
    def errors(self) -> int:
        """Substitutions + deletions + insertions."""
        return sum(self.errors_per_utterance)

    @property
    def words(self) -> int:
        """Words of the references."""
        return sum(self.words_per_utterance)

    @property
    def utterances(self) -> int:
        """Number of utterances."""
        return len(self.words_per_utterance)

    @property
    def wer(self) -> float | None:
        """Word error rate as a fraction; None if the references have no words, since 0/0 is not 0."""
        return self.errors / self.words if self.words else None

    def summary(self) -> dict[str, float | int | None]:
        """``{"wer", "errors", "words", "utterances"}``, as `nnasim evaluate --json` writes it."""
        return {"wer": self.wer, "errors": self.errors, "words": self.words, "utterances": self.utterances}


def word_errors(reference: str, hypothesis: str) -> int:
    """Levenshtein distance in words, which white space separates."""
    from kaldialign import edit_distance

    return int(edit_distance(reference.split(), hypothesis.split())["total"])


def score(pairs: Sequence[tuple[str, str]]) -> Score:
    """The score of ``pairs`` (reference, hypothesis), one per utterance."""
    return Score(
        errors_per_utterance=tuple(word_errors(reference, hypothesis) for reference, hypothesis in pairs),
        words_per_utterance=tuple(len(reference.split()) for reference, _ in pairs),
    )


def wer_interval(
    result: Score, *, confidence: float = CONFIDENCE, replications: int = REPLICATIONS, seed: int = SEED
) -> tuple[float, float] | None:
    """Percentile-bootstrap interval of the WER, resampling whole utterances; None if WER is undefined.

    A system without a single error gets (0, 0): the bootstrap cannot see errors that the corpus lacks.
    """
    if not result.words:
        return None
    words = np.array(result.words_per_utterance, dtype=np.float64)
    errors = np.array(result.errors_per_utterance, dtype=np.float64)
    rates = np.concatenate(
        [(w @ errors) / np.maximum(w @ words, 1) for w in _resamples(len(words), replications, seed)]
    )
    return interval(rates, confidence)


def probability_better(better: Score, worse: Score, *, replications: int = REPLICATIONS, seed: int = SEED) -> float:
    """Share of bootstrap resamples in which ``better`` makes fewer errors than ``worse``.

    Paired: both systems are drawn with the same utterances. A tie counts one half, so equal systems get 0.5.
    Raises ValueError if the two were not scored on the same references.
    """
    margin = _margin(better, worse)
    wins = sum(
        float((w @ margin > 0).sum() + 0.5 * (w @ margin == 0).sum())
        for w in _resamples(len(margin), replications, seed)
    )
    return wins / replications


def fewer_errors_interval(
    better: Score, worse: Score, *, replications: int = REPLICATIONS, seed: int = SEED
) -> tuple[float, float]:
    """95 % interval of how many word errors fewer ``better`` makes: each resample takes the same utterances of both.

    Raises ValueError if the two were not scored on the same references.
    """
    margin = _margin(better, worse)
    return interval(np.concatenate([(w @ margin).astype(float) for w in _resamples(len(margin), replications, seed)]))


def _margin(better: Score, worse: Score) -> NDArray[np.int64]:
    """Errors per utterance that ``better`` does not make."""
    if better.words_per_utterance != worse.words_per_utterance:
        raise ValueError("the two systems were not scored on the same utterances")
    return np.array(worse.errors_per_utterance, np.int64) - np.array(better.errors_per_utterance, np.int64)


@dataclass(frozen=True)
class Recovery:
    """The part of the errors of ``lossy`` against ``reference`` that ``own`` recovers, in word errors and as a share.

    ``lost``: how many errors more than ``reference`` the system ``lossy`` makes; ``won``: how many errors fewer than
    ``lossy`` the system ``own`` makes, more than ``lost`` if it is better than ``reference``.
    ``share``, ``interval``: won / lost with its 95 % interval; both None if they would mean nothing: fewer than
    ``LEAST_LOST`` errors are lost (so also if ``lossy`` is no worse), or more than a fortieth of the resamples show no
    loss at all, so that the interval's end has no bound.
    """

    lost: int
    won: int
    share: float | None = None
    interval: tuple[float, float] | None = None


def recovery(
    reference: Score, lossy: Score, own: Score, *, replications: int = REPLICATIONS, seed: int = SEED
) -> Recovery:
    """The errors that ``own`` recovers. Paired: each resample takes the same utterances of all three."""
    errors = np.array([system_score.errors_per_utterance for system_score in (reference, lossy, own)], dtype=np.float64)
    total = [system_score.errors for system_score in (reference, lossy, own)]
    lost, won = total[1] - total[0], total[1] - total[2]
    if lost < LEAST_LOST:
        return Recovery(lost, won)
    drawn = np.concatenate([w @ errors.T for w in _resamples(errors.shape[1], replications, seed)])
    loss, back = drawn[:, 1] - drawn[:, 0], drawn[:, 1] - drawn[:, 2]
    if (loss <= 0).mean() > 0.025:
        return Recovery(lost, won)
    return Recovery(lost, won, won / lost, interval(back[loss > 0] / loss[loss > 0]))


def _resamples(utterances: int, replications: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """The number of times that each utterance is drawn, [replications, utterances], in chunks."""
    generator = np.random.default_rng(seed)
    share = np.full(utterances, 1 / utterances)
    for first in range(0, replications, _CHUNK):
        yield generator.multinomial(utterances, share, size=min(_CHUNK, replications - first))
