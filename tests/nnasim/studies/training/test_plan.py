"""What the training study trains and scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from aat_training.recipes import digits
from nnasim.hardware import load_preset
from nnasim.studies.training.plan import CHIPS, METHODS, NumericsStudy

STUDY = NumericsStudy("digits", (Path("train.jsonl"),), Path("dev.jsonl"), Path("models"), seeds=2)


def test_every_arm_trains_for_equally_long_from_the_base_of_its_seed() -> None:
    for model in STUDY.arms():
        spec = STUDY.run_spec(model)
        assert spec.run.steps == digits().aat_run.steps
        assert spec.init == Path(f"models/seed-{model.seed}/base")
        assert spec.run.seed == model.seed


def test_a_learning_rate_of_the_study_is_that_of_every_arm_and_no_base() -> None:
    study = replace(STUDY, learning_rate=1e-4)
    assert {study.run_spec(model).run.learning_rate for model in study.arms()} == {1e-4}
    assert {study.run_spec(model).run.learning_rate for model in study.bases()} == {digits().float_run.learning_rate}


def test_only_models_that_know_the_chip_are_held_near_their_base() -> None:
    study = replace(STUDY, distillation=2.0)
    weights = {model.arm: study.run_spec(model).run.distillation for model in [*study.bases(), *study.arms()]}
    assert (weights["base"], weights["float"], weights["qat"], weights["aat"]) == (0.0, 0.0, 2.0, 2.0)


def test_no_checkpoint_is_chosen_on_the_speech_that_judges_it() -> None:
    for model in [*STUDY.bases(), *STUDY.arms()]:
        spec = STUDY.run_spec(model)
        assert spec.run.evaluate_every == spec.run.steps


def test_no_two_models_and_no_two_scores_share_a_place() -> None:
    models = [*STUDY.bases(), *STUDY.arms()]
    assert len({model.name for model in models}) == len(models)
    trials = list(STUDY.trials())
    assert len({(trial.model.name, trial.name) for trial in trials}) == len(trials)


def test_the_chips_are_what_the_issue_of_activation_units_asks_for() -> None:
    units = {load_preset("edge256", list(chip.changes)).numerics.activation for chip in CHIPS.values()}
    assert units == {"lut8", "pwl", "plan", "hard"}
    segments = {load_preset("edge256", list(CHIPS[name].changes)).numerics.pwl_segments for name in ("pwl8", "pwl16")}
    assert segments == {8, 16}
    assert load_preset("edge256", list(CHIPS["lut8-cell16"].changes)).numerics.cell_bits == 16


@pytest.mark.parametrize("arm", ["naive", "qat"])
def test_a_model_that_knows_no_chip_is_tried_on_every_chip_with_every_calibration(arm: str) -> None:
    tried = {(trial.chip, trial.calibration) for trial in STUDY.trials() if trial.arm == arm}
    assert tried == {(chip, method) for chip in CHIPS for method in METHODS}


def test_aat_is_scored_on_the_chip_that_it_was_trained_for() -> None:
    for trial in STUDY.trials():
        if trial.system == "aat":
            assert trial.chip == trial.model.chip


def test_other_gradient_rules_are_left_out_on_demand() -> None:
    study = NumericsStudy("digits", (Path("t"),), Path("d"), Path("m"), seeds=1, rules=False)
    assert {model.arm for model in study.arms()} == {"float", "qat", "aat"}


def test_a_study_of_one_chip_trains_for_that_chip_only() -> None:
    narrow = NumericsStudy("digits", (Path("t"),), Path("d"), Path("m"), seeds=1, chips=("hard",))
    assert [model.name for model in narrow.arms()] == [
        "seed-0/float", "seed-0/aat-hard", "seed-0/qat", "seed-0/aat-segment-hard", "seed-0/aat-identity-hard",
    ]  # fmt: skip
