"""What a study reads of models that have ended: what made them, their logs, their failures and their scores."""

import json
from pathlib import Path
from types import MappingProxyType

import pytest

pytest.importorskip("torch")

from aat_training.score import Score
from nnasim.errors import FileError, NnasimError
from nnasim.studies.training.finished import Made, Schedule, read_log
from nnasim.studies.training.runs import failure
from nnasim.studies.training.scoring import kept_score

HEADER = "step,loss,learning_rate,gradient_norm,dev_wer,best_dev_wer,cpu_seconds"
FIRST, SECOND = "2,116.4,0.003,90.0,0.9,0.9,0.1", "4,100.5,0.0001,80.0,0.95,0.9,0.2"
WHOLE = "\n".join((HEADER, FIRST, SECOND, ""))
FOUR_STEPS = Schedule(steps=4)


def refused(text: str, folder: Path, run: Schedule = FOUR_STEPS) -> str:
    path = folder / "log.csv"
    path.write_text(text)
    with pytest.raises(NnasimError) as error:
        read_log(path, run)
    message = str(error.value)
    assert message.startswith(f"{path}:")
    assert message.isprintable()
    return message.removeprefix(str(path))


def test_a_log_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(WHOLE)
    rows = read_log(tmp_path / "log.csv", FOUR_STEPS)
    assert [(row.step, row.dev_wer, row.cpu_seconds) for row in rows] == [(2, 0.9, 0.1), (4, 0.95, 0.2)]


def test_a_run_that_lost_patience_ends_early(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(WHOLE)
    assert read_log(tmp_path / "log.csv", Schedule(steps=100, patience=1))[-1].step == 4


CONTRADICTIONS = MappingProxyType({
    "steps that go back": (SECOND.replace("4,100.5", "1,100.5"),
                           ": line 3: step = 1: must be above 2, that of the line before"),
    "a step twice": (SECOND.replace("4,100.5", "2,100.5"),
                     ": line 3: step = 2: must be above 2, that of the line before"),
    "another end": (SECOND.replace("4,100.5", "3,100.5"), ": line 3: step = 3: must be 4, the run's last"),
    "a later end": (SECOND.replace("4,100.5", "5,100.5"), ": line 3: step = 5: must be 4, the run's last"),
    "time that runs back": (SECOND.replace(",0.2", ",0.05"),
                            ": line 3: cpu_seconds = 0.05: must be at least 0.1, that of the line before"),
    "a best that was never measured": (SECOND.replace(",0.9,", ",0.1,"),
                                       ": line 3: best_dev_wer = 0.1: must be 0.9, the lowest dev_wer so far"),
    "no number": (SECOND.replace("0.2", "nan"), ": line 3: cpu_seconds = nan: must be a finite number"),
    "without an end": (SECOND.replace("0.2", "inf"), ": line 3: cpu_seconds = inf: must be a finite number"),
    "a negative cost": (SECOND.replace("0.2", "-1"), ": line 3: cpu_seconds = -1.0: must be a number of at least 0"),
    "a text": (SECOND.replace("0.2", "=1+1"), ": line 3: cpu_seconds = '=1+1': must be a number"),
    "a decimal comma": (SECOND.replace("0.2", '"0,2"'), ": line 3: cpu_seconds = '0,2': must be a number"),
    "half a step": (SECOND.replace("4,", "3.5,"), ": line 3: step = 3.5: must be a whole number"),
    "a column less": (SECOND.rpartition(",")[0], ": row 3 = "),
})  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_line_that_contradicts_another_is_named(tmp_path: Path, name: str) -> None:
    line, message = CONTRADICTIONS[name]
    assert refused("\n".join((HEADER, FIRST, line, "")), tmp_path).startswith(message)


def test_a_log_needs_its_columns_and_a_line(tmp_path: Path) -> None:
    assert f": header = ['step', 'wer']: must be {HEADER}" in refused("step,wer\n4,0.1\n", tmp_path)
    assert "must hold a line under its header" in refused(HEADER + "\n", tmp_path)
    assert "header" in refused("", tmp_path)


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"run": None},
        {"run": {"steps": "4"}},
        {"run": {"steps": 4}, "command": 5},
        {"run": {"steps": 4}, "command": "\ud800"},
    ],
)
def test_a_model_says_what_made_it(info: dict) -> None:
    with pytest.raises(ValueError, match=r"run|command"):
        Made.model_validate(info)


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"message": 5}', '{"message": null}', "5"])
def test_a_failure_without_a_reason_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "failed.json").write_text(text)
    with pytest.raises(NnasimError, match=r"failed\.json"):
        failure(tmp_path)


def test_a_failure_gives_its_reason(tmp_path: Path) -> None:
    assert failure(tmp_path) is None
    (tmp_path / "failed.json").write_text('{"message": "training diverged"}')
    assert failure(tmp_path) == "training diverged"


KEPT = MappingProxyType({"made_from": ["a", "b"], "command": ["nnasim"], "errors": [1, 0], "words": [3, 4]})


def kept(folder: Path, **changes: object) -> Score | None:
    path = folder / "score.json"
    path.write_text(json.dumps({**KEPT, **changes}))
    return kept_score(path, ["a", "b"])


def test_a_score_is_read_back_for_the_model_and_the_speech_that_it_is_of(tmp_path: Path) -> None:
    assert kept_score(tmp_path / "none.json", ["a", "b"]) is None
    assert kept(tmp_path) == Score((1, 0), (3, 4))
    assert kept(tmp_path, made_from=["a", "c"]) is None


@pytest.mark.parametrize("field", ["errors", "words"])
@pytest.mark.parametrize(
    "value", [None, "12", [1], [1, -1], [1, 0.5], [1, True], [1, "1"], {}, [[1], [2]], [1, 10**400]]
)
def test_a_score_of_other_types_is_refused(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(NnasimError, match=f"score.json.*{'errors' if value == [1] else field}|400 digits|401 digits"):
        kept(tmp_path, **{field: value})


def test_what_is_no_score_at_all_is_refused(tmp_path: Path) -> None:
    (tmp_path / "score.json").write_text("[]")
    with pytest.raises((NnasimError, FileError), match=r"score\.json"):
        kept_score(tmp_path / "score.json", ["a"])
