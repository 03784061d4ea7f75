"""How many processes work on a sweep or a search changes no byte of what comes out."""

from pathlib import Path

import pytest

from nnasim.cli.main import main

AXES = {"dram.bytes_per_second": {"list": [1e9, 2e9, 4e9]}, "host.handoff_us": {"range": [5, 50, 3]}}
DECLARED = ("seconds",)  # CPU time of each point


def without_times(csv: str) -> list[list[str]]:
    """The rows of an exported table, without the columns that say how long they took."""
    rows = [line.split(",") for line in csv.splitlines()]
    columns = [index for index, name in enumerate(rows[0]) if name not in DECLARED]
    return [[row[index] for index in columns] for row in rows]


def test_a_sweep_by_two_processes_is_the_sweep_by_one(write_study, tmp_path: Path) -> None:
    study = str(write_study(axes=AXES, base="streamed.yaml"))
    (tmp_path / "streamed.yaml").write_text("extends: edge256\nsram: {resident_weights: []}\n")
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        store = str(folder / "store.sqlite")
        assert main(["sweep", study, "--store", store, "--jobs", jobs]) == 0
        assert main(["sweep-export", store, "--out", str(folder / "points.csv")]) == 0
        assert main(["sweep-report", store, "--out", str(folder / "page.html")]) == 0
    alone, side_by_side = tmp_path / "1", tmp_path / "2"
    assert (alone / "page.html").read_bytes() == (side_by_side / "page.html").read_bytes()
    rows = without_times((alone / "points.csv").read_text())
    assert rows == without_times((side_by_side / "points.csv").read_text())
    latency = rows[0].index("engine_latency_ms.p90")
    assert len({row[latency] for row in rows[1:]}) == 9  # nine chips, nine figures


def test_a_search_by_two_processes_is_the_search_by_one(write_study, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    axes = {"dram.bytes_per_second": {"logrange": [1e9, 4e9, 4]}, "host.handoff_us": {"range": [5, 50, 4]}}
    study = str(write_study(axes=axes))
    for jobs in ("1", "2"):
        words = ["search", study, "--store", str(tmp_path / f"{jobs}.sqlite"), "--trials", "12", "--jobs", jobs]
        assert main([*words, "--out", str(tmp_path / f"{jobs}.json")]) == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
