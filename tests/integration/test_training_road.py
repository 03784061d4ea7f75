"""The whole road as a user walks it: speech, training, fine-tuning with the chip's operators, scores, trace, chip."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnasim.cli.main import main


def run(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two manifests of synthesised digits and a float and an aat checkpoint of the tiny recipe."""
    pytest.importorskip("espeakng_loader", reason="the synth extra is not installed")
    folder = tmp_path_factory.mktemp("road")
    for name, voices, count in (("train", "train", 24), ("dev", "test", 6)):
        run(
            "data",
            "synth",
            "--voices",
            voices,
            "--utterances",
            count,
            "--max-digits",
            3,
            "--out",
            folder / f"{name}.jsonl",
        )
    run("train", *recipe(folder), "--out", folder / "models" / "float", "--steps", 8)
    start = ("--system", "aat", "--init", folder / "models" / "float")
    run("train", *recipe(folder), *start, "--out", folder / "models" / "aat", "--steps", 3)
    return folder


def recipe(folder: Path) -> tuple[object, ...]:
    return "--recipe", "tiny", "--train", folder / "train.jsonl", "--dev", folder / "dev.jsonl"


@pytest.mark.parametrize("system", ["float", "cpu_int8", "cpu_fallback", "naive", "aat"])
def test_each_system_is_scored(road: Path, system: str, tmp_path: Path) -> None:
    checkpoint = road / "models" / ("aat" if system == "aat" else "float")
    scores = tmp_path / "scores.json"
    run("evaluate", "--checkpoint", checkpoint, "--manifest", road / "dev.jsonl", "--system", system, "--json", scores)
    score = json.loads(scores.read_text())
    assert score["utterances"] == 6
    assert score["wer"] == pytest.approx(score["errors"] / score["words"])


def test_the_numerics_can_be_explained(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "evaluate", "--checkpoint", road / "models" / "aat", "--manifest", road / "dev.jsonl", "--system", "aat",
        "--limit", 1, "--explain-numerics",
    )  # fmt: skip
    explanation = capsys.readouterr().out
    assert "enc0.x" in explanation
    assert "float32" in explanation
    assert "safe" in explanation


def test_training_can_explain_its_numerics(road: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = ("--system", "aat", "--init", road / "models" / "float", "--steps", 1, "--out", tmp_path / "aat")
    run("train", *recipe(road), *start, "--explain-numerics")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("computed by ") and line.endswith("8 rows    256 rows or more") for line in lines)
    assert any(line.startswith("LSTM steps: ") for line in lines)
    assert any(line.startswith("backward products: ") for line in lines)


def test_training_leaves_a_model_a_log_and_no_working_state(road: Path) -> None:
    for system in ("float", "aat"):
        folder = road / "models" / system
        assert {path.name for path in folder.iterdir()} == {"model.json", "model.safetensors", "log.csv"}
        assert (folder / "log.csv").read_text().startswith("step,loss,")
        record = json.loads((folder / "model.json").read_text())
        assert record["system"] == system
        assert record["info"]["command"].startswith("nnasim train --recipe tiny")


def test_a_real_decode_runs_on_the_chip_with_its_real_integers(road: Path, tmp_path: Path) -> None:
    trace, result = tmp_path / "trace.json", tmp_path / "result.json"
    run(
        "trace", "--checkpoint", road / "models" / "aat", "--manifest", road / "dev.jsonl", "--system", "aat",
        "--limit", 1, "--out", trace,
    )  # fmt: skip
    run("simulate", trace, "--functional", "--out", result)
    record = json.loads(result.read_text())
    assert record["totals"]["macs"] > 0
    assert record["utterances"][0]["engine_latency_ms"] > 0


def test_other_numerics_need_no_new_training(road: Path, tmp_path: Path) -> None:
    changes = "numerics.activation=lut16", "numerics.cell_bits=16", "numerics.activation=none"
    for number, change in enumerate(changes):
        run(
            "evaluate", "--checkpoint", road / "models" / "float", "--manifest", road / "dev.jsonl",
            "--system", "naive",
            "--set", change, "--limit", 2, "--json", tmp_path / f"{number}.json",
        )  # fmt: skip


def test_a_killed_run_goes_on_and_ends_with_the_bits_of_an_unbroken_one(road: Path, tmp_path: Path) -> None:
    words = ["train", *map(str, recipe(road)), "--steps", "12", "--out"]
    run(*words, tmp_path / "whole")
    broken = tmp_path / "broken"
    process = subprocess.Popen([sys.executable, "-m", "nnasim.cli.main", *words, str(broken)], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (broken / "log.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (broken / "model.json").exists() or process.returncode == 0
    run(*words, broken, "--resume")
    assert (broken / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--recipe", "huge"), "tiny, digits, commands, an4"),
        (("--train", "absent.jsonl"), "absent.jsonl"),
        (("--init", "absent"), "absent"),
        (("--system", "aat"), "--init"),
        (("--steps", "0"), "--steps"),
    ],
)
def test_wrong_input_is_one_line(road: Path, tmp_path: Path, capsys, change: tuple[str, str], message: str) -> None:
    words = [*map(str, recipe(road)), "--out", str(tmp_path / "out"), *change]
    if change[0] == "--recipe":
        words = words[2:]
    assert main(["train", *words]) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1


def test_an_existing_folder_is_refused_and_kept(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (road / "models" / "float" / "model.safetensors").read_bytes()
    assert main(["train", *map(str, recipe(road)), "--out", str(road / "models" / "float")]) == 2
    assert "--resume" in capsys.readouterr().err
    assert (road / "models" / "float" / "model.safetensors").read_bytes() == before


def test_a_checkpoint_of_another_recipe_is_refused(road: Path, tmp_path: Path, capsys) -> None:
    words = ["--train", road / "train.jsonl", "--dev", road / "dev.jsonl", "--init", road / "models" / "float"]
    assert main(["train", "--recipe", "digits", *map(str, words), "--out", str(tmp_path / "x")]) == 2
    assert "must be digits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--steps", 9), "steps = 9: the run in this folder has 8"),
        (("--learning-rate", 0.5), "learning_rate = 0.5: the run in this folder has 0.004"),
        (("--seed", 1), "seed = 1"),
        (("--train", "dev.jsonl"), "train = "),
        (("--text", "plain"), "recipe.text = 'plain'"),
    ],
)
def test_a_finished_run_is_not_gone_on_with_under_other_settings(road: Path, capsys, change, message) -> None:
    words = [*map(str, recipe(road)), "--steps", "8", "--out", str(road / "models" / "float"), "--resume"]
    option, value = change
    value = road / str(value) if option == "--train" else value
    if option == "--train":
        words[words.index("--train") + 1] = str(value)
    else:
        words += [option, str(value)]
    before = (road / "models" / "float" / "model.json").read_bytes()
    assert main(["train", *words]) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1
    assert (road / "models" / "float" / "model.json").read_bytes() == before


def test_a_finished_run_under_its_own_settings_stays(road: Path, capsys) -> None:
    run("train", *recipe(road), "--steps", 8, "--out", road / "models" / "float", "--resume")
    assert "finished already" in capsys.readouterr().out


def manifest(path: Path, road: Path, *texts: str) -> Path:
    audio = json.loads((road / "dev.jsonl").read_text().splitlines()[0])
    path.write_text("".join(json.dumps({**audio, "id": str(n), "text": t}) + "\n" for n, t in enumerate(texts)))
    (path.parent / "dev_audio").symlink_to(road / "dev_audio")
    return path


def test_words_that_no_output_can_spell_are_told_and_a_hopeless_dev_set_is_refused(
    road: Path, tmp_path, capsys
) -> None:
    mixed = manifest(tmp_path / "mixed.jsonl", road, "One, two!", "hello 3", "")
    float_model = road / "models" / "float"
    run(
        "evaluate", "--checkpoint", float_model, "--manifest", mixed, "--system", "float", "--json", tmp_path / "e.json"
    )
    assert "1 of 4 reference words are not in the model's vocabulary: hello" in capsys.readouterr().err
    score = json.loads((tmp_path / "e.json").read_text())
    assert (score["words"], score["utterances"], score["text_normalisation"]) == (4, 3, "english")
    hopeless = tmp_path / "hopeless.jsonl"
    hopeless.write_text(mixed.read_text().splitlines()[1].replace("hello 3", "HELLO world"))
    words = ["--recipe", "tiny", "--train", road / "train.jsonl", "--dev", hopeless, "--out", tmp_path / "t"]
    assert main(["train", *map(str, words)]) == 2
    complaint = capsys.readouterr().err
    assert "text = 'hello, world': no dev word is in the model's vocabulary" in complaint


def test_an_empty_reference_counts_what_is_invented_and_has_no_rate(road: Path, tmp_path: Path, capsys) -> None:
    silent = manifest(tmp_path / "silent.jsonl", road, "")
    run(
        "evaluate", "--checkpoint", road / "models" / "float", "--manifest", silent, "--system", "float",
        "--json", tmp_path / "e.json",
    )  # fmt: skip
    score = json.loads((tmp_path / "e.json").read_text())
    assert (score["wer"], score["words"]) == (None, 0)
    assert f"WER not defined ({score['errors']} errors, 0 words" in capsys.readouterr().out
    run(
        "compare",
        "--manifest",
        silent,
        "--checkpoints",
        road / "models",
        "--systems",
        "float,aat",
        "--out",
        tmp_path / "c",
    )
    summary = json.loads((tmp_path / "c" / "summary.json").read_text())
    assert summary["systems"]["float"]["wer"] is None
    assert summary["systems"]["float"]["errors"] == score["errors"]
    assert summary["corpus"]["text_normalisation"] == "english"


def test_offset_and_duration_cut_what_is_heard(road: Path, tmp_path: Path, capsys) -> None:
    line = json.loads((road / "dev.jsonl").read_text().splitlines()[0])
    cut = {"audio_filepath": line["audio_filepath"], "offset": 0.1, "duration": 0.5, "text": line["text"], "lang": "en"}
    (tmp_path / "dev_audio").symlink_to(road / "dev_audio")
    (tmp_path / "nemo.jsonl").write_text(json.dumps(cut))
    run(
        "trace", "--checkpoint", road / "models" / "float", "--manifest", tmp_path / "nemo.jsonl", "--system", "float",
        "--out", tmp_path / "t.json",
    )  # fmt: skip
    assert "fields not used: lang" in capsys.readouterr().err
    (utterance,) = json.loads((tmp_path / "t.json").read_text())["utterances"]
    assert utterance["audio_seconds"] == 0.5
    assert utterance["id"] == "000000-0.1-1"
