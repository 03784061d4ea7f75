"""The delay study as a user runs it, on the bundled recogniser and a little of its speech: trained, gone on with."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.cli.main import main
from workloads.bundled import checkpoints_folder, speech_manifest


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first five utterances, with their word times."""
    folder, source = tmp_path_factory.mktemp("speech"), Path(speech_manifest())
    lines = source.read_text().splitlines()[:5]
    for line in lines:
        audio = json.loads(line)["audio_filepath"]
        (folder / audio).parent.mkdir(exist_ok=True)
        shutil.copy(source.parent / audio, folder / audio)
    (folder / "dev.jsonl").write_text("\n".join(lines) + "\n")
    shutil.copy(source.with_suffix(".align.jsonl"), folder / "dev.align.jsonl")
    return folder


def study(speech: Path, out: Path, *more: str) -> int:
    words = ["--recipe", "commands", "--train", f"{speech}/dev.jsonl", "--dev", f"{speech}/dev.jsonl"]
    words += ["--base", str(Path(checkpoints_folder()) / "float"), "--models", f"{speech}/models", "--out", str(out)]
    return main(["study", "delays", *words, "--steps", "1", "--penalty", "0.1", "--seeds", "1", "--jobs", "1", *more])


def test_the_study_trains_decodes_and_answers(speech: Path, tmp_path: Path, capsys) -> None:
    assert study(speech, tmp_path / "out") == 0
    record = json.loads((tmp_path / "out" / "study.json").read_text())
    rows = {(row["penalty"], row["system"]): row for row in record["rows"]}
    assert set(rows) == {(penalty, system) for penalty in (0.0, 0.1) for system in ("float", "cpu_fallback", "aat")}
    assert (record["missing"], record["failed"], record["cheaper"] in ("delay", "hand-off")) == ([], {}, True)
    for row in rows.values():
        assert row["words"] >= row["delays"] > 0
        for wait in row["waits"].values():
            assert wait["mean_ms"] == pytest.approx(sum(wait["parts_ms"].values()))
    blanks = rows[0.0, "aat"]["waits"]["trailing_blanks"]["parts_ms"]
    assert blanks["endpointer"] + blanks["emission_delay"] > 500  # the recordings end 0.3 to 0.5 s after speech
    assert record["handoff"]["gained_ms"] > 0
    sentence = capsys.readouterr().out.splitlines()[-2]
    assert sentence.startswith("On edge256 the cheaper millisecond is the ")
    assert sentence in (tmp_path / "out" / "report.md").read_text()
    for name in ("report.html", "waits.csv", "prices.csv", "training.csv", "figures/delays.svg"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    with (tmp_path / "out" / "delays.csv").open(newline="") as file:
        assert [row["penalty"] for row in csv.DictReader(file)] == ["0.0"] * 3 + ["0.1"] * 3


def test_finished_models_stay_and_their_commands_take_them_for_their_own(speech: Path, tmp_path: Path, capsys) -> None:
    finished, lost = (speech / f"models/seed-0/{name}/model.json" for name in ("aat-delay-0.0", "aat-delay-0.1"))
    before = finished.stat().st_mtime_ns
    lost.unlink()
    assert study(speech, tmp_path / "partly", "--as-it-is") == 0
    assert json.loads((tmp_path / "partly" / "study.json").read_text())["missing"] == ["seed-0/aat-delay-0.1"]
    assert study(speech, tmp_path / "whole") == 0
    whole = json.loads((tmp_path / "whole" / "study.json").read_text())
    assert whole["missing"] == []
    assert finished.stat().st_mtime_ns == before
    capsys.readouterr()
    (late,) = (model for model in whole["models"] if model["name"] == "seed-0/aat-delay-0.1")
    assert main([*shlex.split(late["command"])[1:], "--resume"]) == 0
    assert "finished already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--steps", "2"], "steps = 2: the run in this folder has 1"),
        (["--penalty", "nan"], "--penalty = 'nan': must be a number of at least 0 and at most 1"),
        (["--base-steps", "3"], "--base-steps = 3: is not used with --base"),
        (["--set", "numerics.activation=none"], "must have operators to train with: this chip has none"),
        (["--models", "{nowhere}", "--as-it-is"], "holds no model of this study yet"),
    ],
)
def test_wrong_input_is_refused_before_training(
    speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    more = [word.format(nowhere=tmp_path / "nowhere") for word in more]
    assert study(speech, tmp_path / "out", *more) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
