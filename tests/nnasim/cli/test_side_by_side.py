"""`compare-chips` of what is there already: results, folders of them, and two sweeps."""

import json
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import write_record
from tests.nnasim.cli.test_compare_results import TINY
from tests.nnasim.conftest import STUDY, TINY_SHAPE
from workloads.rnnt.builder import build_trace


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def results() -> list[str]:
    write_record(Path("trace.json"), build_trace(TINY, 3, 1, system="aat"))
    for name, preset in (("a.json", "edge256"), ("b.json", "mcu128")):
        assert main(["simulate", "trace.json", "--preset", preset, "--out", name, "--quiet"]) == 0
    return ["a.json", "b.json"]


def sweep(name: str, store: str, **changes: object) -> None:
    Path(f"{name}.yaml").write_text(json.dumps({**STUDY, **changes}))
    assert main(["sweep", f"{name}.yaml", "--store", store, "--jobs", "1", "--quiet"]) == 0


@pytest.fixture
def stores() -> list[str]:
    Path("tiny.yaml").write_text(TINY_SHAPE)
    for name, rates in (("slow", [1e9, 2e9]), ("fast", [4e9, 8e9])):
        sweep(name, f"{name}.sqlite", axes={**STUDY["axes"], "dram.bytes_per_second": {"list": rates}})
    return ["slow.sqlite", "fast.sqlite"]


def test_results_are_shown_as_they_are(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-chips", *results, "--out", "chips"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "They differ in " in " ".join(lines)
    assert "clock_hz" in " ".join(lines)
    chips = json.loads(Path("chips/chips.json").read_text())["chips"]
    assert sorted(chip["preset"] for chip in chips.values()) == ["edge256", "mcu128"]


def test_folders_bring_all_of_their_results(results: list[str]) -> None:
    assert main(["compare-chips", *results, "--out", "chips", "--quiet"]) == 0
    assert main(["compare", "--trace", "trace.json", "--systems", "naive,aat", "--out", "systems", "--quiet"]) == 0
    assert main(["compare-chips", "chips", "systems", "a.json", "--out", "all", "--quiet"]) == 0
    assert len(json.loads(Path("all/chips.json").read_text())["chips"]) == 5


def test_a_folder_cannot_name_files_outside_of_it(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-chips", *results, "--out", "chips", "--quiet"]) == 0
    text = Path("chips/chips.json").read_text()
    Path("chips/chips.json").write_text(text.replace("results/1.json", "../a.json"))
    assert main(["compare-chips", "chips", "--out", "again"]) == 2
    assert "which is no file of its results" in capsys.readouterr().err


def test_a_result_under_the_name_of_another_chip_is_refused(
    results: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare-chips", *results, "--out", "chips", "--quiet"]) == 0
    text = Path("chips/chips.json").read_text()
    Path("chips/chips.json").write_text(text.replace("results/1.json", "results/2.json"))
    assert main(["compare-results", "chips", "chips", "--fail-over", "0"]) == 2
    assert "hardware_hash = " in capsys.readouterr().err


def test_two_sweeps_say_who_beats_whom(stores: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-chips", *stores, "--out", "fronts", "--figures", "pictures", "--format", "png"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    record = json.loads(Path("fronts/fronts.json").read_text())
    slow, fast = record["sweeps"]
    assert (slow["name"], fast["name"]) == ("slow", "fast")
    assert len(slow["beaten"]) == len(slow["front"])  # a faster DRAM costs neither time nor energy here
    assert fast["beaten"] == []
    assert all(share >= 0 for each in slow["beaten"] for share in each["less"].values())
    assert [each["what"] for each in record["differences"]] == ["dram.bytes_per_second"]
    assert "Both Pareto fronts" in Path("fronts/report.html").read_text()
    assert Path("pictures/fronts0.png").exists()
    assert Path("fronts/beaten0.csv").exists()


def test_any_number_of_sweeps_stand_side_by_side(stores: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    sweep("wide", "wide.sqlite", axes={**STUDY["axes"], "dram.bytes_per_second": {"list": [1e9, 8e9]}})
    capsys.readouterr()
    assert main(["compare-chips", *stores, "wide.sqlite", "--out", "fronts"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    slow, fast, wide = json.loads(Path("fronts/fronts.json").read_text())["sweeps"]
    assert [each["name"] for each in (slow, fast, wide)] == ["slow", "fast", "wide"]
    assert {each["sweep"] for each in slow["beaten"]} <= {1, 2}
    assert fast["beaten"] == []
    page = Path("fronts/report.html").read_text()
    assert "All Pareto fronts" in page
    assert "Fronts of <bdi>slow, fast</bdi> and <bdi>wide</bdi>" in page


def test_no_sweep_is_held_against_itself(stores: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-chips", *stores, "slow.sqlite", "--out", "fronts"]) == 2
    assert "sweep 3 = 'slow.sqlite': is the same study as sweep 1" in capsys.readouterr().err


def test_the_folder_of_a_store_stands_for_it_and_a_store_for_one_of_its_studies(
    stores: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "fast.yaml", "--store", "slow.sqlite", "--jobs", "1", "--quiet"]) == 0
    Path("folder").mkdir()
    Path("slow.sqlite").rename("folder/both.sqlite")
    assert main(["compare-chips", "folder study=slow", "folder study=fast", "--out", "fronts"]) == 0
    assert "fast beats" in capsys.readouterr().out
    assert main(["compare-chips", "folder study=slow", "folder study=slow", "--out", "other"]) == 2
    assert "is the same study" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["slow.sqlite", "edge256"], "is one of chips, and slow.sqlite one of sweeps"),
        (["slow.sqlite"], "must be two sweeps or more"),
        (["slow.sqlite", "fast.sqlite", "--trace", "x"], "is not used with sweeps"),
        (["slow.sqlite", "fast.sqlite", "--limit", "3"], "is not used with sweeps"),
        (["slow.sqlite", "fast.sqlite clock=3"], "must be study=DIGEST or study=NAME"),
        (["slow.sqlite", "fast.sqlite study=none"], "study = 'none': holds"),
        (["slow.sqlite", "fast.sqlite", "area.sqlite"], "must share one with the 2 sweeps before it"),
        (["slow.sqlite", "area.sqlite"], "must share one with slow.sqlite: engine_latency_ms.p90, energy_mj"),
        (["none.sqlite", "fast.sqlite"], "none.sqlite: cannot be read (No such file"),
        (["empty", "empty"], "holds neither the results of a comparison nor the store of a sweep"),
    ],
)
def test_what_does_not_compare_is_refused_in_one_line(
    stores: list[str], arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep("area", "area.sqlite", objectives=["area_mm2"])
    Path("empty").mkdir()
    capsys.readouterr()
    assert main(["compare-chips", *arguments, "--out", "out"]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not Path("out").exists()
