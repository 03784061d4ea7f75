"""A run of settings that contradict each other, or of a model of another recipe, is refused before its work."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aat_training.checkpoint import write_checkpoint
from aat_training.run_spec import RunSpec
from aat_training.train import _initial, run
from nnasim.errors import CheckpointError, ConfigError


@pytest.fixture
def spec(recipe, tmp_path):
    nothing = tmp_path / "none.jsonl"  # is not there: it would be told if it were looked for
    return RunSpec(recipe, recipe.float_run, (nothing,), nothing)


@pytest.mark.parametrize(
    ("changes", "settings", "complaint"),
    [
        ({}, {"resume": True, "force": True}, "force = True: is not used with `resume`"),
        ({}, {"workers": -1}, "workers = -1: must be a whole number from 0 to 64"),
        ({}, {"workers": 65}, "workers = 65: must be a whole number from 0 to 64"),
        ({"arithmetic": "aat"}, {}, "system = 'aat': .* starts from a checkpoint: give `init`"),
        ({"arithmetic": "qat"}, {}, "system = 'qat': .* starts from a checkpoint: give `init`"),
        ({"distillation": 2.0}, {}, "distillation = 2.0: keeps a model near the float model"),
    ],
)
def test_settings_that_contradict_are_told_before_any_file_is_read(spec, tmp_path, changes, settings, complaint):
    schedule = {"distillation": changes.pop("distillation")} if "distillation" in changes else {}
    wrong = replace(spec, run=spec.run.model_copy(update=schedule), **changes)
    with pytest.raises(ConfigError, match=complaint):
        run(wrong, tmp_path / "out", **{"resume": False, "force": False, **settings})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("part", "field", "value"), [("features", "f_min", 30.0), ("features", "floor", 1e-5), ("text", None, "raw")]
)
def test_a_model_that_listens_otherwise_is_no_start(spec, float_checkpoint, part, field, value):
    """Its weights would be trained on, and mean something else. A recipe of the same name may be of another version."""
    folder = float_checkpoint.path.parent
    folder.mkdir()
    write_checkpoint(folder, float_checkpoint)
    started = replace(spec, init=folder)
    assert _initial(started).recipe == spec.recipe
    record = json.loads((folder / "model.json").read_text())
    if field is None:
        record["recipe"][part] = value
    else:
        record["recipe"][part][field] = value
    (folder / "model.json").write_text(json.dumps(record))
    name = part if field is None else f"{part}.{field}"
    with pytest.raises(CheckpointError, match=f"recipe.{name} = {value!r}: must be "):
        _initial(started)


def test_a_model_may_go_on_under_another_rule_of_decoding(spec, float_checkpoint):
    """How many symbols decoding emits at most changes no weight's meaning: the new recipe decides it."""
    folder = float_checkpoint.path.parent
    folder.mkdir()
    write_checkpoint(folder, float_checkpoint)
    more = spec.recipe.model.model_copy(update={"max_symbols": spec.recipe.model.max_symbols + 1})
    started = replace(spec, recipe=spec.recipe.model_copy(update={"model": more}), init=folder)
    assert _initial(started).recipe == spec.recipe
