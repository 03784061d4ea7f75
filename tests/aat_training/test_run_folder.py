"""The folder of a run: one run at a time, nothing lost by a run that fails, and nothing that is not ours replaced."""

from __future__ import annotations

import pytest

from aat_training.run_folder import LOG, STATE, is_finished, lost_state_note, run_folder
from nnasim.errors import FileError

OLD = {"model.json": '{"kind": "nnasim.checkpoint"}', "model.safetensors": "weights", LOG: "step,loss,learning_rate\n"}


def fill(folder, files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def found(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_new_folder_is_made_and_one_that_holds_something_is_refused(tmp_path):
    with run_folder(tmp_path / "a" / "b", resume=False, force=False) as finished:
        assert not finished
        (tmp_path / "a" / "b" / LOG).write_text("step,loss,")
    with (
        pytest.raises(FileError, match=r"a/b: exists already; use `resume` .* or `force`"),
        run_folder(tmp_path / "a" / "b", resume=False, force=False),
    ):
        pass


@pytest.mark.parametrize("names", [list(OLD), ["model.json"], [LOG]])
def test_what_is_there_stays_until_the_new_run_replaces_it(tmp_path, names):
    """So a run that is refused, diverges, or finds the disk full costs nothing."""
    fill(tmp_path, old := {name: OLD[name] for name in names})
    with pytest.raises(InterruptedError), run_folder(tmp_path, resume=False, force=True):
        raise InterruptedError
    assert found(tmp_path) == old


def test_a_folder_for_a_run_that_wrote_nothing_is_removed(tmp_path):
    with pytest.raises(InterruptedError), run_folder(tmp_path / "out", resume=False, force=False):
        raise InterruptedError
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", LOG, STATE])
def test_files_of_our_names_that_no_training_wrote_are_not_replaced(tmp_path, name):
    fill(tmp_path, theirs := {name: '{"kind": "a model of someone else"}'})
    with (
        pytest.raises(FileError, match=f"{name}: is there, and no training of nnasim wrote it"),
        run_folder(tmp_path, resume=False, force=True),
    ):
        pass
    assert found(tmp_path) == theirs


def test_other_files_in_the_folder_of_a_run_stay(tmp_path):
    fill(tmp_path, {**OLD, "notes.txt": "mine"})
    with run_folder(tmp_path, resume=False, force=True):
        pass
    assert found(tmp_path)["notes.txt"] == "mine"


@pytest.mark.parametrize(("name", "why"), [("out", "is not a folder"), (f"run/{LOG}", "is a folder")])
def test_a_file_in_place_of_a_folder_and_a_folder_in_place_of_a_file_are_told_before_the_work(tmp_path, name, why):
    fill(tmp_path, {"out": ""})
    (tmp_path / "run" / LOG).mkdir(parents=True)
    with (
        pytest.raises(FileError, match=f"{name}: {why}"),
        run_folder(tmp_path / name.partition("/")[0], resume=True, force=False),
    ):
        pass


def test_two_runs_cannot_train_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("aat_training.run_folder._PATIENCE_S", 0)
    with (
        run_folder(tmp_path, resume=True, force=False),
        pytest.raises(FileError, match="another process trains in this folder"),
        run_folder(tmp_path, resume=True, force=False),
    ):
        pass
    with run_folder(tmp_path, resume=True, force=False):
        pass


def test_a_run_is_finished_when_its_model_stands_alone(tmp_path):
    fill(tmp_path, OLD)
    with run_folder(tmp_path, resume=True, force=False) as finished:
        assert finished
    fill(tmp_path, {STATE: "of the run that was to replace it"})
    assert not is_finished(tmp_path)


def test_a_run_whose_state_is_gone_says_that_it_begins_again(tmp_path):
    assert lost_state_note(tmp_path) == []
    fill(tmp_path, {LOG: OLD[LOG]})
    note = f"{tmp_path}: holds {LOG} but no {STATE} to resume from: begins with the first step"
    assert lost_state_note(tmp_path) == [note]
    fill(tmp_path, {STATE: ""})
    assert lost_state_note(tmp_path) == []
