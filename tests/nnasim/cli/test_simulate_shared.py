"""`nnasim simulate` of several traces or streams: what it writes, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nnasim.cli.main import main
from nnasim.files import write_bytes
from nnasim.ir.io import read_result, read_shared, write_record
from nnasim.tensorfile import tensor_bytes
from tests.nnasim.functional.conftest import random_constants
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with wake.json and words.json, and the integers of the first."""
    monkeypatch.chdir(tmp_path)
    wake = build_trace(SHAPE, 8, 2, system="aat")
    write_bytes("wake.safetensors", tensor_bytes(random_constants(wake, 1)))
    write_record("wake.json", wake.model_copy(update={"weights_file": "wake.safetensors"}))
    write_record("words.json", build_trace(SHAPE.model_copy(update={"encoder_units": 64}), 8, 2, system="aat"))
    return tmp_path


def run(*arguments: str) -> int:
    return main(["simulate", *arguments, "--out", "r.json"])


def test_several_traces_make_one_result_that_is_reported(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wake.json", "words.json", "--policy", "priority", "--streams", "2", "--deadline-ms", "1.5") == 0
    result = read_shared("r.json")
    assert [(model.name, model.priority, model.streams) for model in result.models] == [("wake", 1, 2), ("words", 2, 2)]
    assert result.policy == "priority"
    assert "--policy priority --streams 2" in (result.command or "")
    assert any(row.field == "dram.bytes_per_second" and row.source for row in result.parameters)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "wake (2 streams): frame latency p50" in printed
    assert "later than 1.5 ms" in " ".join(printed.split())
    assert main(["report", "r.json", "--out", "r.html"]) == 0
    page = Path("r.html").read_text()
    assert "wake" in page
    assert "Who has the chip" in page


def test_one_trace_alone_is_a_result_as_before(traces: Path) -> None:
    assert run("wake.json") == 0
    assert read_result("r.json").system == "aat"


def test_one_trace_with_a_policy_is_a_stream_that_takes_the_same(traces: Path) -> None:
    assert main(["simulate", "wake.json", "--out", "alone.json"]) == 0
    assert run("wake.json", "--policy", "fifo") == 0
    assert read_shared("r.json").totals == read_result("alone.json").totals


def test_the_integers_of_batches_are_compared(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--streams", "3", "--starts", "together", "--set", "compiler.batch_streams=3", "--functional")
    assert run("wake.json", *arguments) == 0
    (section,) = read_shared("r.json").functional
    assert section.values > 0
    assert section.mismatches == 0
    assert "integers of outputs and last states differ from each stream's alone" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_search_says_how_many_streams_are_in_time(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wake.json", "--find-streams", "--deadline-ms", "2") == 0
    search = read_shared("r.json").search
    assert search is not None
    assert search.most > 0
    assert f"{search.most} streams in time: p99 of frame latency within 2 ms; one more is late" in " ".join(
        capsys.readouterr().out.split()
    )
    assert main(["report", "r.json", "--out", "r.html"]) == 0
    assert "How many streams are in time" in Path("r.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--policy", "lifo"], "simulate: --policy = 'lifo': must be one of fifo, priority, round_robin"),
        (["--starts", "late"], "simulate: --starts = 'late': must be one of even, together, random"),
        (["words.json", "--residents", "all"], "--residents = 'all': must be one of fewest_bytes, together, in_turn"),
        (["--residents", "together"], "--residents = 'together': is not used for one trace"),
        (["--streams", "0"], "--streams = '0': must be a whole number of at least 1 and at most 1,024"),
        (["--streams", "1025"], "--streams = '1025': must be a whole number of at least 1 and at most 1,024"),
        (["--deadline-ms", "-1"], "--deadline-ms = '-1': must be a number of at least 0"),
        (["--deadline-ms", "nan"], "--deadline-ms = 'nan': must be"),
        (["--find-streams"], "simulate: --find-streams = True: needs --deadline-ms"),
        (["--find-streams", "--deadline-ms", "9", "--streams", "2"], "--streams = 2: is not used with --find-streams"),
        (["--find-streams", "--deadline-ms", "9", "--functional"], "is not used with --find-streams"),
        (["words.json", "--perfetto", "p"], "is not used with several traces or streams"),
        (["words.json", "--endpointer-ms", "9"], "--endpointer-ms = 9.0: is not used with several traces or streams"),
        (["--streams", "900", "--set", "sram.bytes=16384"], "all models and streams stand in SRAM at one time; wake "),
        (["--policy", "fifo", "--set", "compiler.batch_streams=2"], "compiler.batch_streams = 2: one trace alone has"),
        (["words.json", "--functional"], "words.json: weights_file = None: a functional run needs one"),
        (["nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_run_is_refused_in_one_line_and_nothing_is_written(
    arguments: list[str], line: str, traces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("wake.json", *arguments) == 2
    complaint = capsys.readouterr().err
    assert line in complaint
    assert complaint.count("\n") == 1
    assert not Path("r.json").exists()


def test_a_refusal_names_streams_that_do_fit(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--set", "sram.bytes=16384")
    assert run("wake.json", "words.json", "--streams", "900", *small) == 2
    most = capsys.readouterr().err.split("or at most ")[1].split()[0]
    assert run("wake.json", "words.json", "--streams", most, *small) == 0


def test_results_of_several_models_stand_alone(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wake.json", "words.json") == 0
    assert main(["report", "r.json", "r.json", "--out", "r.html"]) == 2
    assert "must be there: results on a page are compared by their streams in time" in capsys.readouterr().err


def test_a_result_that_contradicts_itself_is_refused(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wake.json", "words.json") == 0
    data = json.loads(Path("r.json").read_text())
    data["models"][0]["frames"]["end"].pop()
    write_bytes("bad.json", json.dumps(data).encode())
    assert main(["report", "bad.json", "--out", "r.html"]) == 2
    assert "columns of frames differ in length" in capsys.readouterr().err


def test_the_same_inputs_give_the_same_bytes(traces: Path) -> None:
    arguments = ["simulate", "wake.json", "words.json", "--streams", "2", "--starts", "random"]
    assert main([*arguments, "--out", "a.json"]) == main([*arguments, "--out", "b.json"]) == 0
    assert np.array_equal(Path("a.json").read_bytes(), Path("b.json").read_bytes())


def test_a_result_is_made_again_from_its_own_record(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("wake.json", "words.json", "--policy", "round_robin") == 0
    assert main(["rerun", "r.json"]) == 0
    assert "identical: every figure is the same" in capsys.readouterr().out
