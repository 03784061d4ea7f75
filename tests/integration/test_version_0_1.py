"""What version 0.1.0 wrote is read: nothing that a user made is lost."""

import shutil
from pathlib import Path

import pytest

import nnasim
from nnasim.cli.main import main

FILES = Path(__file__).parents[1] / "version_0_1"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A copy: opening a store of an older version brings it up to date."""
    return str(shutil.copy(FILES / "sweep.sqlite", tmp_path / "sweep.sqlite"))


def test_a_trace_is_read_and_runs() -> None:
    trace = nnasim.trace(FILES / "trace.json")
    assert trace.system == "aat"
    assert nnasim.simulate(trace).handoffs == nnasim.read_result(FILES / "result.json").handoffs


def test_a_result_is_read_with_what_it_knew() -> None:
    result = nnasim.read_result(FILES / "result.json")
    assert result.engine_latency_ms == pytest.approx(13.334784)
    assert result.record.workload is None
    assert result.energy().loc["total", "nominal_mj"] == result.energy_mj


def test_a_result_stands_in_a_report_and_a_comparison(tmp_path: Path) -> None:
    result = str(FILES / "result.json")
    assert main(["report", result, "--out", str(tmp_path / "report.html")]) == 0
    assert main(["compare-results", result, result]) == 0


def test_a_store_gives_its_points_back(store: str, tmp_path: Path) -> None:
    frame = nnasim.read_sweep(store).frame()
    assert frame["host.handoff_us"].to_list() == [10, 50]
    assert frame["engine_latency_ms.p50"].to_list() == pytest.approx([13.257192, 13.334784])
    assert main(["sweep-export", store, "--out", str(tmp_path / "points.csv")]) == 0
    assert main(["sweep-report", store, "--out", str(tmp_path / "sweep")]) == 0
