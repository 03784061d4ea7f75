"""From hand-made scores to what the study says."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from aat_training.score import Score
from nnasim.studies.training.findings import Row, calibrations, findings, judged_trials
from nnasim.studies.training.plan import Model, NumericsStudy, Trial
from nnasim.studies.training.scoring import Scores, pooled

STUDY = NumericsStudy("digits", (Path("t"),), Path("d"), Path("m"), seeds=2, chips=("lut8",))
WORDS = (10,) * 20


def scored(errors: int) -> Score:
    """``errors`` in each of 20 utterances of ten words."""
    return Score((errors,) * 20, WORDS)


def trial(arm: str, seed: int, method: str = "mse") -> Trial:
    models = {
        "float": Model(seed, "float"), "naive": Model(seed, "float"), "aat": Model(seed, "aat", "aat", "lut8"),
        "qat": Model(seed, "qat", "qat", "lut8"),
    }  # fmt: skip
    system = "float" if arm == "float" else "aat" if arm == "aat" else "naive"
    return Trial(arm, models[arm], system, "-" if arm == "float" else "lut8", method)


@pytest.fixture
def scores() -> Scores:
    """Float 1 error an utterance; naive 5 with one calibration and 7 with another; QAT 4; aat 1 and 2."""
    by_trial: Scores = {}
    for seed in (0, 1):
        by_trial[trial("float", seed)] = scored(1)
        by_trial[trial("naive", seed, "max")] = scored(7)
        by_trial[trial("naive", seed)] = scored(5)
        by_trial[trial("qat", seed)] = scored(4)
        by_trial[trial("aat", seed)] = scored(1 + seed)
    return by_trial


def row(scores: Scores, arm: str) -> Row:
    return next(finding for finding in findings(STUDY, scores) if finding.arm == arm)


def test_seeds_are_pooled_and_shown_one_by_one(scores: Scores) -> None:
    aat = row(scores, "aat")
    assert (aat.seeds, aat.errors, aat.words) == (2, 60, 400)
    assert aat.wer == pytest.approx(0.15)
    assert aat.per_seed == (0.1, 0.2)
    assert aat.interval == pytest.approx((0.15, 0.15))  # every utterance is the same


def test_naive_gets_its_best_calibration(scores: Scores) -> None:
    assert row(scores, "naive").calibration == "mse"
    assert row(scores, "naive").errors == 200
    assert [(m, wer) for _, arm, m, wer in calibrations(STUDY, scores) if arm == "naive"] == [
        ("max", 0.7),
        ("mse", 0.5),
    ]


def test_a_calibration_chosen_on_other_speech_is_the_only_one_that_is_judged(scores: Scores) -> None:
    choosing = {choice: Score(tuple(12 - e for e in s.errors_per_utterance), WORDS) for choice, s in scores.items()}
    judged = judged_trials(STUDY, choosing)
    assert [t.calibration for t in judged if t.arm == "naive"] == ["max", "max"]
    assert {t.arm for t in judged} == {t.arm for t in STUDY.trials()}


def test_the_share_won_back_is_of_what_naive_loses_against_float(scores: Scores) -> None:
    assert row(scores, "naive").loss == pytest.approx(4.0)
    assert row(scores, "qat").recovered == pytest.approx(0.25)
    assert row(scores, "aat").recovered == pytest.approx(140 / 160)
    assert row(scores, "aat").recovered_interval == pytest.approx((140 / 160, 140 / 160))


def test_better_is_a_share_of_paired_resamples(scores: Scores) -> None:
    assert row(scores, "aat").better_than_naive == 1.0
    assert row(scores, "aat").better_than_qat == 1.0
    assert row(scores, "qat").better_than_naive == 1.0


def test_an_arm_with_fewer_seeds_is_compared_on_those_only(scores: Scores) -> None:
    del scores[trial("aat", 1)]
    aat = row(scores, "aat")
    assert aat.seeds == 1
    assert aat.recovered == pytest.approx(1.0)


def test_without_the_other_arm_nothing_is_compared(scores: Scores) -> None:
    del scores[trial("qat", 1)], scores[trial("qat", 0)]
    assert row(scores, "aat").better_than_qat is None


def test_seeds_on_different_speech_are_not_pooled() -> None:
    with pytest.raises(ValueError, match="same utterances"):
        pooled([scored(1), Score((1,), (10,))])


def test_every_row_names_its_commands(scores: Scores) -> None:
    for finding in findings(STUDY, scores):
        assert len(finding.commands) == finding.seeds
        assert all(command.startswith("nnasim evaluate --checkpoint m/seed-") for command in finding.commands)
