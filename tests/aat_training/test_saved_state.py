"""A state that a run goes on from is a file like every other: whatever is wrong with it is one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aat_training.checkpoint import read_state, write_state
from aat_training.versions import version_notes, versions
from nnasim import files
from nnasim.errors import CheckpointError
from tests.aat_training.test_trainer import trainer

Tensors = dict[str, np.ndarray]
Change = Callable[[Tensors, dict[str, Any]], object]


@pytest.fixture
def broken(recipe, examples, tmp_path):
    """A folder of a run of 12 steps that was stopped after its first look."""

    def stop(what, step, steps, note=""):
        if step == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trainer(recipe, examples, tmp_path, progress=stop, average=0.9).fit(resume=False)
    return tmp_path


def resumed(recipe, examples, folder, **changes):
    return trainer(recipe, examples, folder, average=0.9, **changes).fit(resume=True)


def first(tensors: Tensors, prefix: str) -> str:
    return next(name for name in tensors if name.startswith(prefix))


def other_shape(tensors: Tensors, prefix: str) -> None:
    tensors[first(tensors, prefix)] = np.zeros((3, 5, 7), np.float32)


def last_row(record: dict[str, Any], **values: Any) -> None:
    record["rows"][-1].update(values)


HOSTILE: dict[str, tuple[Change, str]] = {
    "no step": (lambda t, r: r.pop("step"), "step"),
    "a step that is a text": (lambda t, r: r.update(step="4"), "step"),
    "a step that is true": (lambda t, r: r.update(step=True), "step"),
    "a negative step": (lambda t, r: r.update(step=-4), "step"),
    "a step beyond the run": (lambda t, r: r.update(step=13), "step = 13: must be 1 to 12"),
    "a step of 350 digits": (lambda t, r: r.update(step=10**350), "step"),
    "a step that its rows deny": (lambda t, r: r.update(step=8), "rows"),
    "no best rate": (lambda t, r: r.pop("best_wer"), "best_wer"),
    "a negative best rate": (lambda t, r: r.update(best_wer=-1), "best_wer"),
    "a huge best rate": (lambda t, r: r.update(best_wer=1e308), "best_wer"),
    "a best rate that its rows deny": (lambda t, r: r.update(best_wer=r["best_wer"] + 0.5), "the lowest of its rows"),
    "no rows": (lambda t, r: r.pop("rows"), "rows"),
    "no row": (lambda t, r: r.update(rows=[]), "rows"),
    "rows that are numbers": (lambda t, r: r.update(rows=[1, 2]), "rows"),
    "a row that lacks a column": (lambda t, r: r["rows"][-1].pop("cpu_seconds"), "cpu_seconds"),
    "a row with a column more": (lambda t, r: last_row(r, more=1), "more"),
    "time that is a list": (lambda t, r: last_row(r, cpu_seconds=[]), "cpu_seconds"),
    "negative time": (lambda t, r: last_row(r, cpu_seconds=-1.0), "cpu_seconds"),
    "rows whose steps fall": (lambda t, r: r["rows"].append(r["rows"][-1]), "rows"),
    "settings that are a text": (lambda t, r: r.update(settings="x"), "settings"),
    "another run's settings": (lambda t, r: r["settings"].update(seed=7), "seed = 0: the run in this folder has 7"),
    "a model of other shapes": (lambda t, r: other_shape(t, "model."), "must be float32"),
    "a best model of other shapes": (lambda t, r: other_shape(t, "best.model."), "must be float32"),
    "an optimizer of other parameters": (lambda t, r: other_shape(t, "optimizer.0.exp_avg"), "must be float32"),
    "an average of other shapes": (lambda t, r: other_shape(t, "average."), "must be float32"),
    "a model that lacks a tensor": (lambda t, r: t.pop(first(t, "model.")), "is missing"),
    "a best model that lacks a tensor": (lambda t, r: t.pop(first(t, "best.model.")), "is missing"),
    "a moment that is missing": (lambda t, r: t.pop("optimizer.0.exp_avg"), "is missing"),
    "no optimizer": (lambda t, r: [t.pop(n) for n in list(t) if n.startswith("optimizer.")], "optimizer"),
    "a parameter too many": (lambda t, r: t.update({"optimizer.9999.step": np.ones(1, np.float32)}), "is unknown"),
    "a name in parts": (lambda t, r: t.update({"optimizer.a.b.c": np.ones(1, np.float32)}), "is unknown"),
    "integers for floats": (
        lambda t, r: t.update({n: t[n].astype(np.int32) for n in [first(t, "model.")]}),
        "must be float32",
    ),
    "half a step of the optimizer": (lambda t, r: t["optimizer.0.step"].fill(0.5), "whole number from 1 to 4"),
    "an optimizer ahead of its run": (lambda t, r: t["optimizer.1.step"].fill(5), "whole number from 1 to 4"),
    "an optimizer that took no step": (lambda t, r: t["optimizer.0.step"].fill(0), "whole number from 1 to 4"),
    "weights whose sums overflow": (lambda t, r: t["model.ctc.bias"].fill(3e9), "within 1e+09 of 0"),
    "a square below zero": (lambda t, r: t["optimizer.0.exp_avg_sq"].fill(-1), "must be at least 0"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_state_is_one_line_and_nothing_changes(recipe, examples, broken, kind):
    change, names = HOSTILE[kind]
    tensors, record = read_state(broken)
    tensors = {name: value.copy() for name, value in tensors.items()}
    change(tensors, record)
    write_state(broken, tensors, record)
    before = (broken / "resume.safetensors").read_bytes()
    with pytest.raises(CheckpointError) as refused:
        resumed(recipe, examples, broken)
    assert names in str(refused.value)
    assert str(refused.value).isprintable()
    assert (broken / "resume.safetensors").read_bytes() == before


def test_a_flipped_bit_of_a_tensor_is_found(broken):
    path = broken / "resume.safetensors"
    tensors, _ = read_state(broken)
    number = first(tensors, "model.")
    data = bytearray(path.read_bytes())
    place = data.find(tensors[number].tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="is not the digest of the tensors beside it"):
        read_state(broken)


@pytest.mark.parametrize("text", [b"[]", b"null", b'{"step": NaN}', b"\xff", b"[" * 5000])
def test_a_record_that_is_none_is_one_line(broken, text):
    from nnasim.tensorfile import tensor_bytes

    tensors, _ = read_state(broken)
    packed = {**tensors, "record": np.frombuffer(text, np.uint8)}
    files.write_bytes(broken / "resume.safetensors", tensor_bytes(packed), force=True)
    with pytest.raises((CheckpointError, files.FileError)):
        read_state(broken)


def test_a_link_that_leads_nowhere_is_a_state_that_cannot_be_read(recipe, examples, broken):
    """And no folder without a state, in which the run would begin again."""
    (broken / "resume.safetensors").unlink()
    (broken / "resume.safetensors").symlink_to(broken / "gone")
    with pytest.raises(files.FileError, match="No such file"):
        resumed(recipe, examples, broken)


def test_a_truncated_state_is_one_line(recipe, examples, broken):
    path = broken / "resume.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        resumed(recipe, examples, broken)


def test_a_state_of_other_versions_goes_on_and_says_which(recipe, examples, broken):
    tensors, record = read_state(broken)
    write_state(broken, tensors, {**record, "versions": {**versions(), "torch": "1.0"}})
    notes: list[str] = []
    run = trainer(recipe, examples, broken, average=0.9)
    run.tell = notes.extend
    run.fit(resume=True)
    assert len(notes) == 1
    assert "torch '1.0', here" in notes[0]


@pytest.mark.parametrize(("before", "count"), [(None, 1), ("x", 1), ({}, 1), (versions(), 0)])
def test_versions_are_named_where_they_differ(before, count):
    assert len(version_notes(json.loads(json.dumps(before)), "r")) == count
