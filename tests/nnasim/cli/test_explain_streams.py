"""`explain` of several models or streams on one chip: whose calls make whose frames wait, and what would help."""

import json
import shlex
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import read_shared
from nnasim.ir.shared import SharedExplanation
from reports.shared_waits import what_if_line
from tests.nnasim.cli.test_simulate_shared import run, traces  # noqa: F401


@pytest.fixture
def explained(traces: Path) -> SharedExplanation:  # noqa: F811
    assert run("wake.json", "words.json", "--streams", "2") == 0
    assert main(["explain", "r.json", "--out", "e.json", "--quiet"]) == 0
    explanation = read_shared("e.json").explanation
    assert explanation is not None
    return explanation


def test_the_parts_of_each_model_add_up_to_the_latency_of_its_frames(explained: SharedExplanation) -> None:
    for model, waits in zip(read_shared("e.json").models, explained.models, strict=True):
        frames = model.frames
        assert waits.cycles == sum(end - arrival for arrival, end in zip(frames.arrival, frames.end, strict=True))
        assert waits.frames == len(frames.frame)
        assert waits.turn >= 0
        assert set(waits.behind) <= {"wake", "words"}


def test_what_streams_make_each_other_wait_is_what_their_models_do(explained: SharedExplanation) -> None:
    owners = {str(place): stream.model for place, stream in enumerate(explained.streams, start=1)}
    for waits in explained.models:
        of_model = [stream for stream in explained.streams if stream.model == waits.name]
        assert len(of_model) == 2
        for maker, cycles in waits.behind.items():
            pairs = (stream.makers.get(place, 0) for stream in of_model for place in owners if owners[place] == maker)
            assert sum(pairs) == cycles


def test_each_what_if_is_simulate_with_the_line_that_is_shown(explained: SharedExplanation) -> None:
    assert {"infinite DRAM bandwidth", "policy priority"} <= {row.limit for row in explained.what_ifs}
    for row in explained.what_ifs:
        assert row.figures is not None
        words = shlex.split(what_if_line(row))
        assert run("wake.json", "words.json", "--streams", "2", *words, "--force", "--quiet") == 0
        again = read_shared("r.json")
        assert tuple(model.frame_latency_ms.p50 for model in again.models) == row.figures.p50_ms
        assert tuple(model.frame_latency_ms.p99 for model in again.models) == row.figures.p99_ms
        assert again.totals.energy_mj == pytest.approx(row.figures.energy_mj)


def test_a_summary_says_it_in_15_lines_and_all_of_it_names_the_streams(
    explained: SharedExplanation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "r.json", "--markdown", "why.md"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 streams of wake, 2 streams of words on edge256, fifo"
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("all of it: --all")
    assert main(["explain", "r.json", "--all"]) == 0
    assert "Which stream makes which wait" in capsys.readouterr().out
    assert "What would help" in Path("why.md").read_text()
    assert main(["explain", "r.json", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["name"] == "wake"
    assert main(["report", "e.json", "--out", "e.html"]) == 0
    assert "Which stream makes which wait" in Path("e.html").read_text()


def test_without_the_traces_one_sentence_says_so(
    explained: SharedExplanation, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("wake.json").unlink()
    capsys.readouterr()
    assert main(["explain", "r.json"]) == 0
    assert "were not found" in capsys.readouterr().out
    assert main(["explain", "r.json", "--preset", "edge512"]) == 2
    assert "is not used with a result of several streams" in capsys.readouterr().err
