"""What the delay study trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from aat_training.recipes import digits
from nnasim.errors import ConfigError
from nnasim.studies.delays.plan import DelayStudy
from nnasim.studies.delays.record import output_ms

STUDY = DelayStudy("digits", (Path("train.jsonl"),), Path("dev.jsonl"), Path("models"), seeds=2)


def test_float_and_aat_train_for_equally_long_from_one_base_with_every_penalty() -> None:
    for model in STUDY.arms():
        spec = STUDY.run_spec(model)
        assert (spec.run.steps, spec.run.evaluate_every) == (digits().aat_run.steps,) * 2
        assert spec.init == Path(f"models/seed-{model.seed}/base")
        assert (spec.run.seed, spec.run.delay_penalty, spec.arithmetic) == (model.seed, model.penalty, model.arm)
    assert {model.penalty for model in STUDY.arms()} == {0.0, 0.003, 0.01, 0.03}
    assert len({model.name for model in STUDY.arms()}) == len(STUDY.arms())


def test_a_base_has_no_penalty_and_one_that_is_given_is_not_trained() -> None:
    assert [STUDY.run_spec(base).run.delay_penalty for base in STUDY.bases()] == [0.0, 0.0]
    given = replace(STUDY, base=Path("runs/float"))
    assert given.bases() == []
    assert {given.run_spec(model).init for model in given.arms()} == {Path("runs/float")}


def test_no_penalty_is_always_among_those_that_are_compared() -> None:
    arms = replace(STUDY, penalties=(0.1, 0.1), seeds=1).arms()
    assert [(model.arm, model.penalty) for model in arms] == [
        ("float", 0.0),
        ("aat", 0.0),
        ("float", 0.1),
        ("aat", 0.1),
    ]


@pytest.mark.parametrize("penalty", [-0.01, 1.5, float("nan")])
def test_a_penalty_out_of_range_is_refused(penalty: float) -> None:
    study = replace(STUDY, penalties=(penalty,))
    with pytest.raises(ConfigError, match="delay_penalty"):
        [study.run_spec(model) for model in study.arms()]


def test_the_chip_is_the_preset_with_its_changes() -> None:
    assert replace(STUDY, changes=("numerics.cell_bits=16",)).chip.numerics.cell_bits == 16


def test_a_step_of_delay_is_an_encoder_output() -> None:
    assert output_ms("digits") == pytest.approx(60)
