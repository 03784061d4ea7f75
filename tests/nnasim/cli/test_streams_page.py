"""`report` of several chips that were asked how many streams they carry."""

from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import write_record
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace


@pytest.fixture(autouse=True)
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 4, 1, system="aat"))


def streams(preset: str, out: str, *more: str) -> None:
    command = ["simulate", "trace.json", "--preset", preset, "--find-streams", "--deadline-ms", "0.4", "--out", out]
    assert main([*command, "--quiet", *more]) == 0


def test_chips_stand_side_by_side_with_the_streams_that_they_carry() -> None:
    streams("edge256", "a.json")
    streams("edge256", "b.json", "--set", "host.handoff_us=150")
    assert main(["report", "a.json", "b.json", "--out", "page.html", "--figures", "figures"]) == 0
    page = Path("page.html").read_text()
    assert "Streams per chip" in page
    assert "handoff 150 us" in page
    assert [path.name for path in Path("figures").glob("*.svg")] == ["streams.svg"]


def test_a_result_that_did_not_look_for_streams_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    streams("edge256", "a.json")
    assert main(["simulate", "trace.json", "--streams", "2", "--out", "b.json", "--quiet"]) == 0
    assert main(["report", "a.json", "b.json", "--out", "page.html"]) == 2
    assert "search = None: must be there" in capsys.readouterr().err
