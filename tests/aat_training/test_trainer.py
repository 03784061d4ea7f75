"""Training: learns, repeats for a seed, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from aat_training.config import AugmentConfig
from aat_training.data.parts import ExamplesInMemory
from aat_training.devices import CPU
from aat_training.model.build import build_model
from aat_training.model.float_arithmetic import FloatArithmetic
from aat_training.tokens import WordTokens
from aat_training.trainer import Trainer, dealt, normalisation, one_cycle, without_gain
from nnasim.errors import CheckpointError, SimulationError
from nnasim.progress import silent

WORDS = ["one", "two", "three", "four"]


def trainer(recipe, examples, folder, *, steps=12, seed=0, progress=silent, arithmetic=None, place=CPU, **changes):
    torch.manual_seed(seed)
    model = build_model(recipe, len(WORDS) + 1, arithmetic or FloatArithmetic())
    mean, scale = normalisation(examples)
    model.feature_mean.copy_(mean.repeat(recipe.model.stack))
    model.feature_scale.copy_(scale.repeat(recipe.model.stack))
    run = recipe.float_run.model_copy(update={"steps": steps, "evaluate_every": 4, "seed": seed, **changes})
    folder.mkdir(parents=True, exist_ok=True)
    train = ExamplesInMemory(examples, recipe, run)
    return Trainer(model.to(place), recipe, run, WordTokens(WORDS), train, examples, folder, progress)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(recipe, examples, tmp_path):
    runs = [trainer(recipe, examples, tmp_path / str(n), seed=s).fit(resume=False) for n, s in enumerate([0, 0, 1])]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


@pytest.mark.parametrize(("killed_at", "average"), [(2, 0.0), (4, 0.0), (9, 0.0), (9, 0.9)])
def test_resuming_after_a_kill_gives_the_bits_of_an_unbroken_run(recipe, examples, tmp_path, killed_at, average):
    class Killed(Exception):
        pass

    def kill(what, step, steps, note=""):
        if step == killed_at:
            raise Killed

    whole = trainer(recipe, examples, tmp_path / "whole", curriculum=6, average=average)
    best = whole.fit(resume=False)
    with pytest.raises(Killed):
        trainer(recipe, examples, tmp_path / "broken", progress=kill, curriculum=6, average=average).fit(resume=False)
    resumed = trainer(recipe, examples, tmp_path / "broken", curriculum=6, average=average)
    assert same(resumed.fit(resume=True), best)
    logs = [(tmp_path / name / "log.csv").read_text().splitlines() for name in ("whole", "broken")]
    without_cpu = [[line.rsplit(",", 1)[0] for line in log] for log in logs]
    assert without_cpu[0] == without_cpu[1]
    assert len(logs[0]) == 1 + 3


def test_a_delay_penalty_of_zero_is_none_and_another_is_one(recipe, examples, tmp_path):
    penalties = {"default": {}, "zero": {"delay_penalty": 0.0}, "some": {"delay_penalty": 0.1}}
    default, zero, penalised = (
        trainer(recipe, examples, tmp_path / name, steps=4, **changes).fit(resume=False)
        for name, changes in penalties.items()
    )
    assert same(default, zero)
    assert not same(default, penalised)


def test_a_teacher_keeps_the_encoder_near_its_own(recipe, examples, tmp_path):
    distances = {}
    for weight in (0.0, 100.0):
        run = trainer(recipe, examples, tmp_path / str(weight), steps=12, distillation=weight)
        run.teacher = copy.deepcopy(run.model).eval()
        run.fit(resume=False)
        with torch.no_grad():
            x = torch.randn(12, 2, run.model.shape.input_features, generator=torch.Generator().manual_seed(0))
            distances[weight] = float((run.model.encode(x)[0] - run.teacher.encode(x)[0]).square().mean())
    assert 0 < distances[100.0] < distances[0.0] / 2


def test_without_a_weight_a_teacher_teaches_nothing(recipe, examples, tmp_path):
    alone, beside = (trainer(recipe, examples, tmp_path / name, steps=4) for name in ("alone", "beside"))
    beside.teacher = copy.deepcopy(beside.model).eval()
    assert same(alone.fit(resume=False), beside.fit(resume=False))


def test_a_run_without_gain_ends_when_its_patience_does(recipe, examples, tmp_path):
    run = trainer(recipe, examples, tmp_path, steps=40, evaluate_every=1, patience=3, learning_rate=1e-9)
    run.fit(resume=False)
    assert run.step == 4  # nothing is learned: the first look is the lowest, and three more bring nothing
    assert trainer(recipe, examples, tmp_path, steps=40, evaluate_every=1, patience=3, learning_rate=1e-9).fit(
        resume=True
    )


@pytest.mark.parametrize(
    ("rates", "count"),
    [([], 0), ([0.5], 0), ([0.5, 0.5], 1), ([0.5, 0.6, 0.4], 0), ([0.5, 0.4, 0.4, 0.6], 2), ([1.0, 1.0, 1.0], 2)],
)
def test_looks_without_gain_are_counted_since_the_last_lower_rate(rates, count):
    assert without_gain(rates) == count


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_accumulated_batches_train_as_one_large_batch_does(recipe, examples, tmp_path, average):
    runs = [
        trainer(recipe, examples, tmp_path / str(n), steps=6, average=average, **sizes).fit(resume=False)
        for n, sizes in enumerate([{"batch": 8}, {"batch": 4, "accumulate": 2}])
    ]
    for name, value in runs[0].items():
        np.testing.assert_allclose(runs[1][name], value, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_smaller_clip_takes_other_steps(recipe, examples, tmp_path):
    runs = [
        trainer(recipe, examples, tmp_path / str(clip), steps=4, clip=clip).fit(resume=False) for clip in (5.0, 0.01)
    ]
    assert not same(*runs)


def test_dev_batches_are_dealt_to_ranks_as_one_process_decodes_them(examples):
    dealt_out = [dealt(examples * 5, rank, 3) for rank in range(3)]
    assert sorted(e.id for part in dealt_out for e in part) == sorted(e.id for e in examples * 5)
    lengths = [[len(e.x_TD) for e in part] for part in dealt_out]
    assert all(each == sorted(each) for each in lengths)


def test_dropout_ends_at_its_share_of_the_steps(recipe, examples, tmp_path):
    changes = {"all": {"dropout": 0.3}, "half": {"dropout": 0.3, "dropout_until": 0.5}}
    to_the_end, to_the_half = (
        trainer(recipe, examples, tmp_path / name, steps=8, **fields) for name, fields in changes.items()
    )
    dropped = [(to_the_end.dropout(step), to_the_half.dropout(step)) for step in range(8)]
    assert dropped == [(0.3, 0.3)] * 4 + [(0.3, 0.0)] * 4
    assert not same(to_the_end.fit(resume=False), to_the_half.fit(resume=False))


def test_a_run_that_diverges_says_where_and_leaves_what_it_had(recipe, examples, tmp_path):
    kept: dict[str, bytes] = {}

    def spoil(what, step, steps, note=""):
        if step == 4:
            kept.update({path.name: path.read_bytes() for path in tmp_path.iterdir()})
            with torch.no_grad():
                run.model.output.weight.fill_(1e38)

    run = trainer(recipe, examples, tmp_path, progress=spoil)
    with pytest.raises(SimulationError, match="training diverged at step 4: the gradient is not finite"):
        run.fit(resume=False)
    assert kept.keys() == {"resume.safetensors", "log.csv"}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_state_of_other_settings_is_refused(recipe, examples, tmp_path):
    trainer(recipe, examples, tmp_path, steps=4).fit(resume=False)
    with pytest.raises(CheckpointError, match=r"steps = 8: the run in this folder has 4"):
        trainer(recipe, examples, tmp_path, steps=8).fit(resume=True)


def test_a_recogniser_learns_what_can_be_learned(recipe, examples, tmp_path):
    run = trainer(
        recipe, examples, tmp_path, steps=150, evaluate_every=50, learning_rate=1e-2, token_dropout=0.0, curriculum=50,
        augment=AugmentConfig(),  # these features are patterns: none of them is silence
    )  # fmt: skip
    run.fit(resume=False)
    assert run.rows[-1]["loss"] < 0.5 * run.rows[0]["loss"]
    assert run.best_wer < 0.7  # untrained it is 1.0 and more; 0.51 was seen


def test_the_rate_rises_once_and_falls(recipe):
    run = recipe.float_run
    rates = [one_cycle(step, run) for step in range(run.steps)]
    top = int(np.argmax(rates))
    assert rates[top] == pytest.approx(run.learning_rate)
    assert all(np.diff(rates[: top + 1]) > 0)
    assert all(np.diff(rates[top:]) <= 0)
    assert rates[-1] < 0.01 * run.learning_rate
