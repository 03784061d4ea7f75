"""The findings of the training study: pooled word error rates, intervals, paired comparisons, and shares won back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aat_training.score import Recovery, Score, probability_better, recovery, wer_interval
from nnasim.studies.training.commands import line, score_command
from nnasim.studies.training.plan import CALIBRATED, NO_CHIP, NumericsStudy, Trial
from nnasim.studies.training.scoring import Scores, pooled

FLOAT = "float"
NAIVE, QAT = CALIBRATED


@dataclass(frozen=True)
class Row:
    """One arm on one chip, all seeds together: rates and shares are fractions, None if not defined.

    ``loss``: how much worse than float, relative. ``recovered``: share of naive's extra errors that the arm does not
    make. ``better_than_*``: share of paired resamples in which it makes fewer errors.
    """

    chip: str
    arm: str
    calibration: str
    seeds: int
    wer: float | None
    interval: tuple[float, float] | None
    errors: int
    words: int
    per_seed: tuple[float | None, ...]
    loss: float | None
    recovered: float | None
    recovered_interval: tuple[float, float] | None
    won: int | None
    lost: int | None
    better_than_naive: float | None
    better_than_qat: float | None
    commands: tuple[str, ...]


def findings(study: NumericsStudy, scores: Scores) -> list[Row]:
    """A row for every arm on every chip; of several calibrations in ``scores`` the one with the fewest errors.

    Choosing the calibration on the judged speech favours naive and qat, never aat; ``judged_trials`` leaves one.
    """
    float_scores = list(_of(scores, FLOAT, NO_CHIP).values())
    if not float_scores:
        return []
    by_seeds = _by_arm(scores)
    return [row for chip in (NO_CHIP, *study.chips) for row in _chip_rows(study, chip, by_seeds, scores)]


def judged_trials(study: NumericsStudy, choosing: Scores) -> list[Trial]:
    """The scores to take on dev: of an arm with several calibrations only the best in ``choosing``, over all seeds."""
    best = {
        (chip, arm): next(iter(_best(choosing, arm, chip))).calibration
        for chip in study.chips
        for arm in CALIBRATED
        if _of(choosing, arm, chip)
    }
    return [
        trial for trial in study.trials() if trial.calibration == best.get((trial.chip, trial.arm), trial.calibration)
    ]


def calibrations(study: NumericsStudy, scores: Scores) -> Iterator[tuple[str, str, str, float | None]]:
    """(chip, arm, calibration, WER over all seeds) of every calibration that was tried."""
    for chip in study.chips:
        for arm in CALIBRATED:
            for method, group in _methods(scores, arm, chip).items():
                yield chip, arm, method, pooled(list(group.values())).wer


def _by_arm(scores: Scores) -> dict[tuple[str, str], dict[Trial, Score]]:
    """Scores by (chip, arm), each arm with its best calibration."""
    arms = dict.fromkeys((trial.chip, trial.arm) for trial in scores)
    return {(chip, arm): _best(scores, arm, chip) for chip, arm in arms}


def _of(scores: Scores, arm: str, chip: str) -> dict[Trial, Score]:
    return {trial: score for trial, score in scores.items() if (trial.arm, trial.chip) == (arm, chip)}


def _methods(scores: Scores, arm: str, chip: str) -> dict[str, dict[Trial, Score]]:
    arm_scores = _of(scores, arm, chip)
    methods = dict.fromkeys(trial.calibration for trial in arm_scores)
    return {m: {trial: score for trial, score in arm_scores.items() if trial.calibration == m} for m in methods}


def _best(scores: Scores, arm: str, chip: str) -> dict[Trial, Score]:
    return min(_methods(scores, arm, chip).values(), key=lambda group: pooled(list(group.values())).errors)


def _chip_rows(
    study: NumericsStudy, chip: str, arms: dict[tuple[str, str], dict[Trial, Score]], scores: Scores
) -> Iterator[Row]:
    for (on, arm), group in arms.items():
        if on == chip:
            yield _row(study, chip, arm, group, scores, arms)


def _row(
    study: NumericsStudy, chip: str, arm: str, group: dict[Trial, Score], scores: Scores,
    arms: dict[tuple[str, str], dict[Trial, Score]],
) -> Row:  # fmt: skip
    seeds = {trial.model.seed for trial in group}

    def paired(other: dict[Trial, Score]) -> Score | None:
        """Another arm on the same seeds; None if one of them has no score yet."""
        same = [score for trial, score in other.items() if trial.model.seed in seeds]
        return pooled(same) if len(same) == len(seeds) else None

    own = pooled(list(group.values()))
    reference = paired(_of(scores, FLOAT, NO_CHIP))
    naive, qat = (paired(arms.get((chip, name), {})) if chip != NO_CHIP else None for name in (NAIVE, QAT))
    back = _back(reference, naive, own) if arm != NAIVE else None
    return Row(
        chip=chip,
        arm=arm,
        calibration="/".join(dict.fromkeys(trial.calibration for trial in group)) if arm in CALIBRATED else "",
        seeds=len(seeds),
        wer=own.wer,
        interval=wer_interval(own),
        errors=own.errors,
        words=own.words,
        per_seed=tuple(score.wer for score in group.values()),
        loss=None if reference is None or not reference.errors else own.errors / reference.errors - 1,
        recovered=back.share if back else None,
        recovered_interval=back.interval if back else None,
        won=back.won if back else None,
        lost=back.lost if back else None,
        better_than_naive=None if naive is None or arm == NAIVE else probability_better(own, naive),
        better_than_qat=None if qat is None or arm in CALIBRATED else probability_better(own, qat),
        commands=tuple(line(score_command(study, trial)) for trial in group),
    )


def _back(reference: Score | None, naive: Score | None, own: Score) -> Recovery | None:
    return None if reference is None or naive is None else recovery(reference, naive, own)


def record(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON."""
    return [asdict(row) for row in rows]
