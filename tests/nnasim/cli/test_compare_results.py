"""`compare-results` on hand-made results: latencies of 0.2 and 0.4 ms, and the same scaled."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import FrameTimes
from nnasim.ir.trace import System
from reports.hypotheses import Hypothesis, write_hypotheses
from reports.result_set import ResultSet, write_folder
from reports.summarise import figures
from reports.summary import Corpus, Summary
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

TINY = RnntShape(
    input_features=8, frame_ms=30, encoder_units=8, encoder_before=1, embedding=8, prediction_units=8,
    prediction_layers=1, joint_units=8, outputs=5,
)  # fmt: skip


def result(
    path: Path, handoff_us: float, system: System = "cpu_fallback", *, frames: int = 4, shape: RnntShape = TINY
) -> str:
    from nnasim.hardware import load_preset
    from nnasim.pipeline import simulate

    chip = load_preset("edge256", [f"host.handoff_us={handoff_us}"])
    write_record(path, simulate(build_trace(shape, frames, 1, system=system), chip))
    return str(path)


@pytest.fixture
def fast(tmp_path: Path) -> str:
    return result(tmp_path / "fast.json", 50)


@pytest.fixture
def slow(tmp_path: Path) -> str:
    return result(tmp_path / "slow.json", 75)


def test_equal_results_pass_the_strictest_gate(fast: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-results", fast, fast, "--fail-over", "0"]) == 0
    assert capsys.readouterr().out.splitlines() == ["total: no change", "operations [ms]: no change"]


def test_a_slower_result_fails_the_gate_and_is_named(fast: str, slow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-results", fast, slow, "--fail-over", "5"]) == 1
    out = capsys.readouterr().out
    assert "worse by more than 5 %: cpu_fallback engine_latency_ms:" in out
    assert "cpu_fallback: chip: handoff 50 us -> handoff 75 us" in out
    assert ".p50" not in out  # of one utterance there is one latency
    assert "handoff" in out.partition("operations")[2]


def test_a_faster_result_and_a_wide_gate_pass(fast: str, slow: str) -> None:
    assert main(["compare-results", slow, fast, "--fail-over", "0"]) == 0
    assert main(["compare-results", fast, slow, "--fail-over", "500"]) == 0


def test_without_a_gate_nothing_fails(fast: str, slow: str) -> None:
    assert main(["compare-results", fast, slow]) == 0


def test_two_systems_on_the_same_work_are_compared_and_named(
    tmp_path: Path, fast: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = result(tmp_path / "other.json", 50, "aat")
    assert main(["compare-results", fast, other, "--fail-over", "0"]) == 0
    assert "cpu_fallback -> aat engine_latency_ms:" in capsys.readouterr().out
    assert main(["compare-results", other, fast, "--fail-over", "0"]) == 1


OTHER_WORK = {
    "speech": {"frames": 8},
    "model": {"shape": TINY.model_copy(update={"name": "larger", "encoder_units": 16})},
}


@pytest.mark.parametrize("what", OTHER_WORK)
def test_results_of_other_work_are_no_gate_and_are_told_apart_without_one(
    what: str, tmp_path: Path, fast: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = result(tmp_path / "other.json", 50, **OTHER_WORK[what])
    assert main(["compare-results", fast, other, "--fail-over", "1000"]) == 2
    refused = capsys.readouterr().err
    assert refused.count("\n") == 1
    assert f"{what}: " in refused
    assert main(["compare-results", fast, other]) == 0
    assert "not the same work (" in capsys.readouterr().out


def test_a_model_that_a_result_does_not_name_is_said_to_be_unknown(
    tmp_path: Path, fast: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    record = read_result(result(tmp_path / "aat.json", 50, "aat"))
    write_record(old, record.model_copy(update={"workload": None}))
    assert main(["compare-results", fast, str(old)]) == 0
    assert "whether the model is the same is not known" in capsys.readouterr().out


def test_folders_that_share_no_system_are_refused(study_folder, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = study_folder("float", "naive"), study_folder("cpu_fallback", "aat")
    assert main(["compare-results", str(first), str(second)]) == 2
    assert "must share one with" in capsys.readouterr().err


def test_systems_of_one_folder_only_are_named(study_folder, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = study_folder("float", "aat"), study_folder("float", "naive")
    assert main(["compare-results", str(first), str(second)]) == 0
    printed = capsys.readouterr().out
    assert f"only in {first}, not compared: aat" in printed
    assert f"only in {second}, not compared: naive" in printed


def test_a_gate_does_not_open_on_a_system_that_is_gone(study_folder, capsys: pytest.CaptureFixture[str]) -> None:
    both, one = study_folder("float", "aat"), study_folder("float")
    assert main(["compare-results", str(both), str(one), "--fail-over", "1000"]) == 2
    line = f"nnasim: {one}: system: is not there for aat, and is in {both}, so --fail-over cannot compare it\n"
    assert capsys.readouterr().err == line
    assert main(["compare-results", str(one), str(both), "--fail-over", "0"]) == 0  # a new one has nothing to lose
    assert f"only in {both}, not compared: aat" in capsys.readouterr().out


def test_a_gate_that_would_judge_nothing_is_refused(
    fast: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tmp_path / "silent.json"
    empty = FrameTimes(utterance=(), frame=(), arrival=(), start=(), end=())
    write_record(silent, read_result(fast).model_copy(update={"utterances": (), "frames": empty}))
    assert main(["compare-results", str(silent), str(silent)]) == 0
    assert main(["compare-results", str(silent), str(silent), "--fail-over", "0"]) == 2
    assert "has no engine latency and no word errors" in capsys.readouterr().err


def test_a_result_under_the_name_of_another_system_is_refused(study_folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder = study_folder("float", "aat")
    shutil.copy(folder / "results" / "float.json", folder / "results" / "aat.json")
    assert main(["compare-results", str(folder), str(folder), "--fail-over", "0"]) == 2
    assert "aat.json: system = 'float': must be aat, as its file is called" in capsys.readouterr().err


@pytest.fixture
def study_folder(tmp_path: Path) -> Callable[..., Path]:
    """A maker of `compare` folders of some systems."""

    def make(*systems: System) -> Path:
        folder = tmp_path / "-".join(systems)
        results = {
            system: read_result(result(tmp_path / f"{folder.name}.{system}.json", 50, system)) for system in systems
        }
        summary = Summary(
            command="nnasim compare", preset="edge256", hardware_hash="a", numerics_hash="b", versions={},
            corpus=Corpus(manifest="m.jsonl", utterances=1, words=1, audio_seconds=1.0),
            systems={name: figures(record) for name, record in results.items()},
        )  # fmt: skip
        write_folder(folder, ResultSet(results, summary))
        return folder

    return make


def test_word_errors_against_other_reference_texts_are_no_gate(
    study_folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = study_folder("float")
    second = tmp_path / "corrected"
    shutil.copytree(first, second)
    for folder, hypothesis in ((first, "three"), (second, "free")):
        (folder / "hypotheses.csv").unlink()
        write_hypotheses(folder / "hypotheses.csv", [Hypothesis("u", "float", hypothesis, "three")])
    assert main(["compare-results", str(first), str(second)]) == 0
    assert "float: not the same work (reference texts: 1 of 1 not the same)" in capsys.readouterr().out
    assert main(["compare-results", str(first), str(second), "--fail-over", "0"]) == 2
    assert "reference texts: 1 of 1 not the same" in capsys.readouterr().err
    assert main(["compare-results", str(first), str(first), "--fail-over", "0"]) == 0


def test_word_errors_over_fewer_texts_are_no_gate(
    study_folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = study_folder("float")
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    for folder, ids in ((whole, "uv"), (part, "u")):
        (folder / "hypotheses.csv").unlink()
        write_hypotheses(folder / "hypotheses.csv", [Hypothesis(id, "float", "three", "three") for id in ids])
    assert main(["compare-results", str(whole), str(part), "--fail-over", "0"]) == 2
    assert "reference texts: 1 of 2 not the same" in capsys.readouterr().err


def test_a_gate_does_not_open_on_word_errors_that_are_gone(
    study_folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = study_folder("aat")
    scored = tmp_path / "scored"
    shutil.copytree(without, scored)
    record = json.loads((scored / "summary.json").read_text())
    record["systems"]["aat"] |= {"wer": 1.0, "errors": 1}
    (scored / "summary.json").write_text(json.dumps(record))
    assert main(["compare-results", str(scored), str(without)]) == 0
    assert f"only in {scored}, not compared: word errors of aat" in capsys.readouterr().out
    assert main(["compare-results", str(without), str(scored), "--fail-over", "0"]) == 0
    assert main(["compare-results", str(scored), str(without), "--fail-over", "1000"]) == 2
    assert f"wer: is not there for aat, and is in {scored}" in capsys.readouterr().err
