"""A run goes on under its own settings, or the message names each other one with both values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aat_training.recipes import tiny
from aat_training.resume import refuse_other_settings, settings_of
from aat_training.run_spec import RunSpec
from nnasim.errors import CheckpointError
from nnasim.numerics.config import NumericsConfig


@pytest.fixture
def spec(tmp_path):
    def make(text="one", arithmetic="float", numerics=None, **changes):
        manifest = tmp_path / "m.jsonl"
        manifest.write_text(json.dumps({"text": text, "audio_filepath": "a.wav"}))
        recipe = tiny()
        run = recipe.float_run.model_copy(update=changes)
        return RunSpec(recipe, run, (manifest,), manifest, arithmetic=arithmetic, numerics=numerics)

    return make


def refused(before, now):
    with pytest.raises(CheckpointError) as caught:
        refuse_other_settings(Path("t"), settings_of(before) if isinstance(before, RunSpec) else before, None, now)
    return str(caught.value)


def test_the_same_settings_go_on(spec):
    stored = json.loads(json.dumps(settings_of(spec())))
    refuse_other_settings(Path("t"), stored, None, settings_of(spec()))


@pytest.mark.parametrize(
    ("changes", "both"),
    [
        ({"steps": 99}, "steps = 99: the run in this folder has 60"),
        ({"learning_rate": 0.5}, "learning_rate = 0.5: the run in this folder has 0.004"),
        ({"seed": 3}, "seed = 3: the run in this folder has 0"),
        ({"batch": 4}, "batch = 4: the run in this folder has 8"),
        ({"text": "two"}, "train = ['sha256 "),
        ({"arithmetic": "aat", "numerics": NumericsConfig()}, "system = 'aat': the run in this folder has 'float'"),
    ],
)
def test_another_setting_is_refused_with_both_values(spec, changes, both):
    before = settings_of(spec())
    assert both in refused(before, settings_of(spec(**changes)))


def test_every_field_of_run_recipe_and_arithmetic_counts(spec):
    stored = settings_of(spec(arithmetic="aat", numerics=NumericsConfig()))
    for name in stored:
        message = refused({**stored, name: "other"}, stored)
        assert message.startswith(f"t: {name} = ")
        assert "'other'" in message


def test_more_steps_say_why(spec):
    assert "one cycle over all its steps" in refused(spec(), settings_of(spec(steps=61)))


def test_several_settings_are_named_and_the_rest_counted(spec):
    message = refused(spec(), settings_of(spec(steps=1, batch=2, learning_rate=0.1, clip=1.0, seed=4, dropout=0.3)))
    assert "and 2 more" in message
    assert "\n" not in message


def test_a_run_that_is_older_than_a_setting_did_without_it(spec):
    stored = settings_of(spec())
    del stored["delay_penalty"]
    refuse_other_settings(Path("t"), stored, None, settings_of(spec()))
    assert "delay_penalty = 0.1: the run in this folder has 0.0" in refused(
        stored, settings_of(spec(delay_penalty=0.1))
    )


def test_a_run_of_version_0_1_is_judged_by_its_schedule(spec):
    now = settings_of(spec())
    run = json.loads(tiny().float_run.model_dump_json())
    refuse_other_settings(Path("t"), None, run, now)
    with pytest.raises(CheckpointError, match=r"seed = 0: the run in this folder has 7"):
        refuse_other_settings(Path("t"), None, {**run, "seed": 7}, now)


def test_a_run_of_version_0_1_had_silence_as_it_was_recorded(spec):
    """Augmentation of ends came later: the run goes on without it, and a run with it is told what that one had."""
    run = json.loads(tiny().float_run.model_dump_json())
    for name in ("edges", "silence_frames"):
        del run["augment"][name]
    now = settings_of(spec())
    refuse_other_settings(Path("t"), None, run, {**now, "augment.edges": 0.0, "augment.silence_frames": 0})
    with pytest.raises(CheckpointError, match=r"augment.edges = 0.3: the run in this folder has 0.0; augment.silence"):
        refuse_other_settings(Path("t"), None, run, now)


def test_a_model_that_says_nothing_of_its_run_is_no_run_to_go_on_with(spec):
    with pytest.raises(CheckpointError, match="settings"):
        refuse_other_settings(Path("t"), None, None, settings_of(spec()))


@pytest.mark.parametrize("stored", [5, "x", [], [1]])
def test_settings_that_are_none_are_not_taken_for_those_of_version_0_1(spec, stored):
    """Which had only their schedule, so that another corpus would go unseen."""
    with pytest.raises(CheckpointError, match=r"t: settings = .*: are missing"):
        refuse_other_settings(Path("t"), stored, json.loads(tiny().float_run.model_dump_json()), settings_of(spec()))


def test_other_audio_under_the_names_of_the_old_is_told(spec, tmp_path):
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"x" * 100)
    before = settings_of(spec())
    audio.write_bytes(b"x" * 200)
    message = refused(before, settings_of(spec()))
    assert "train_audio = ['sha256 " in message
    assert "dev_audio = 'sha256 " in message


def test_a_run_that_did_not_write_down_its_audio_goes_on(spec):
    stored = settings_of(spec())
    del stored["train_audio"], stored["dev_audio"]
    refuse_other_settings(Path("t"), stored, None, settings_of(spec()))


def test_shards_are_the_same_by_their_folder_and_by_their_index(tmp_path):
    (tmp_path / "index.json").write_text("{}\n{}")
    by_folder, by_index = (
        settings_of(RunSpec(tiny(), tiny().float_run, (path,), path)) for path in (tmp_path, tmp_path / "index.json")
    )
    assert by_folder == by_index
    assert by_folder["train_audio"] == by_folder["train"]
