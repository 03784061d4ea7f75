"""A result whose figures contradict one another was not written by a run, and is refused with field and value."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnasim.errors import TraceError
from nnasim.hardware import load_preset
from nnasim.ir.contradictions import refuse_contradictions
from nnasim.ir.io import read_result, read_shared, write_record
from nnasim.pipeline import simulate
from tests.attack import refused
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

Change = Callable[[dict[str, Any]], None]
OLD = Path(__file__).parents[2] / "version_0_1" / "result.json"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A result as JSON."""
    path = tmp_path_factory.mktemp("result") / "result.json"
    write_record(path, simulate(build_trace(TINY, 4, 2, system="cpu_fallback"), load_preset("edge256")))
    return json.loads(path.read_text())


def complaint(record: dict[str, Any], change: Change, folder: Path) -> str:
    changed = json.loads(json.dumps(record))
    change(changed)
    path = folder / "changed.json"
    path.write_text(json.dumps(changed))
    with pytest.raises(TraceError) as error:
        read_result(path)
    return str(error.value).removeprefix(f"{path}: ")


def add(*place: str | int, by: float) -> Change:
    """A change that adds ``by`` to the figure at ``place``."""

    def change(data: Any) -> None:
        for name in place[:-1]:
            data = data[name]
        data[place[-1]] += by

    return change


CHANGES: dict[str, Change] = {
    "blocks.mac_array": add("blocks", "mac_array", "busy", by=1),
    "totals.nna_cycles": add("totals", "nna_cycles", by=10**12),
    "extra.busy_cycles": add("extra", "busy_cycles", by=10**12),
    "totals.macs": add("totals", "macs", by=1),
    "totals.dram_bytes": add("totals", "dram_bytes", by=-1),
    "totals.energy_mj": add("totals", "energy_mj", by=-0.1),
    "extra.energy_mj.total": lambda data: data["extra"]["energy_mj"].update(dram=[0.0, 0.0, 0.0]),
    "extra.sram_plan_bytes": add("extra", "sram_plan_bytes", "free", by=10**6),
    "clock_hz": add("clock_hz", by=1e6),
    "frames.start.1": add("frames", "start", 1, by=-(10**7)),
    "frames.end.1": add("frames", "end", 1, by=-(10**7)),
    "frames.end.2": add("frames", "end", 2, by=10**12),
    "frames.utterance": add("frames", "utterance", 0, by=1),
    "utterances.0.frames": add("utterances", 0, "frames", by=1),
}


def twice(data: dict[str, Any]) -> None:
    data["ops"].append(data["ops"][0])


def ends_before(data: dict[str, Any]) -> None:
    span = data["spans"][0]
    span["start"], span["end"] = span["end"] + 1, span["start"]


def test_what_a_run_wrote_is_read(record: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(record))
    assert read_result(tmp_path / "result.json").totals.cycles == record["totals"]["cycles"]
    assert read_result(OLD).totals.cycles > 0


@pytest.mark.parametrize("field", CHANGES)
def test_a_figure_that_contradicts_another_is_named(record: dict[str, Any], tmp_path: Path, field: str) -> None:
    if field == "frames.start.1":
        record = json.loads(json.dumps(record))
        add("frames", "arrival", 1, by=10**7)(record)
    start = complaint(record, CHANGES[field], tmp_path).partition(" = ")[0]
    assert start == field


def test_an_operation_stands_there_once_and_no_span_ends_before_its_start(
    record: dict[str, Any], tmp_path: Path
) -> None:
    assert complaint(record, twice, tmp_path).startswith("ops = (")
    assert complaint(record, ends_before, tmp_path).startswith("spans.0.end = ")


def presets_and_systems() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for system in ("float", "cpu_fallback", "cpu_int8", "naive", "aat"):
        yield "edge256", system, {}
    for preset in ("mcu128", "edge256_banked", "nvdla_full"):
        yield preset, "aat", {}
    yield "edge256", "cpu_fallback", {"sequencer.in_flight": 4, "dma.prefetch_across_calls": True}


@pytest.mark.parametrize(("preset", "system", "changes"), [*presets_and_systems()])
def test_no_run_contradicts_itself(preset: str, system: str, changes: dict[str, Any]) -> None:
    chip = load_preset(preset).with_(changes) if changes else load_preset(preset)
    refuse_contradictions(simulate(build_trace(TINY, 3, 1, system=system), chip), "result.json")  # type: ignore[arg-type]


def test_the_time_line_of_several_streams_is_held_to_the_same(tmp_path: Path) -> None:
    from tests.attack import attack

    trace, out = tmp_path / "trace.json", tmp_path / "shared.json"
    write_record(trace, build_trace(TINY, 2, 1, system="aat"))
    assert attack("simulate", trace, "--streams", 2, "--out", out).code == 0
    read_shared(out)
    record = json.loads(out.read_text())
    record["models"][0]["frames"]["end"][0] = 0
    out.write_text(json.dumps(record))
    assert "models.0.frames.end.0 = 0: must be at least its start" in refused(
        "report", out, "--out", tmp_path / "r.html"
    )


def test_a_gate_takes_no_figure_that_contradicts_the_others(record: dict[str, Any], tmp_path: Path) -> None:
    changed = json.loads(json.dumps(record))
    changed["frames"]["end"] = [arrival - 1 for arrival in changed["frames"]["arrival"]]
    (tmp_path / "result.json").write_text(json.dumps(changed))
    (tmp_path / "budget.yaml").write_text("limits: {frame_latency_ms.p99: 0.001}\n")
    assert "frames." in refused("check-budget", tmp_path / "result.json", tmp_path / "budget.yaml")


@pytest.mark.parametrize("figure", ["busy_cycles", "handoff_ms", "sram_used_bytes", "area_mm2"])
def test_a_gate_fails_on_a_figure_that_is_not_there(record: dict[str, Any], tmp_path: Path, figure: str) -> None:
    changed = {**record, "extra": {}, "totals": {**record["totals"], "energy_mj": None}}
    (tmp_path / "result.json").write_text(json.dumps(changed))
    (tmp_path / "budget.yaml").write_text(f"limits: {{{figure}: 1.0e+9}}\n")
    line = refused("check-budget", tmp_path / "result.json", tmp_path / "budget.yaml")
    assert f"{figure}" in line
    assert "was not computed" in line
