"""Every figure stands beside what it is compared with."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from nnasim.cli.bench import command
from nnasim.errors import FileError
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from nnasim.studies.speed.figure import figure
from nnasim.studies.speed.layer import layer_figures, layer_trace
from nnasim.studies.speed.peers.measure import Peer, child_seconds, cost, installed_version
from nnasim.studies.speed.simulator import simulator_figures


def clock(*readings: float) -> Callable[[Callable[[], object]], float]:
    """A clock whose readings are given, in CPU seconds of each piece of work in turn; the work is done all the same."""
    left = iter(readings)

    def cpu_seconds(work: Callable[[], object]) -> float:
        work()
        return next(left)

    return cpu_seconds


def test_figures_are_positive_and_compared() -> None:
    # A first run that is not counted, one frame, nine, ten with replay.
    figures = simulator_figures(load_preset("tpu_like"), 10, clock(5.0, 0.2, 1.0, 0.4))
    assert set(figures) == {
        "first_frame_every_event", "further_frame_every_event", "10_frames_with_replay", "operations_per_second",
        "matrix_products_per_second", "memory",
    }  # fmt: skip
    for entry in figures.values():
        assert set(entry) == {"value", "unit", "compared_with", "ratio"}
        assert entry["value"] > 0
    assert figures["first_frame_every_event"]["value"] == 0.2
    assert figures["further_frame_every_event"]["value"] == 0.1
    assert figures["10_frames_with_replay"]["value"] == 0.4
    assert figures["operations_per_second"]["value"] > figures["matrix_products_per_second"]["value"]


def test_a_further_frame_costs_something_where_the_machine_was_busy_with_the_first() -> None:
    figures = simulator_figures(load_preset("tpu_like"), 10, clock(5.0, 1.2, 0.9, 0.4))
    assert figures["further_frame_every_event"]["value"] == 0.1


def test_a_ratio_says_how_many_times_better_ours_is() -> None:
    assert figure(2.0, "s", "X", 460.0) == {"value": 2.0, "unit": "s", "compared_with": "X: 460 s", "ratio": 230.0}
    assert figure(8.0, "1/s", "X", 2.0, more_is_better=True)["ratio"] == 4.0


def test_an_existing_file_is_not_measured_over(tmp_path) -> None:
    path = tmp_path / "bench.json"
    path.write_text("{}")
    with pytest.raises(FileError, match="`force`"):
        command(path)


def test_an_interpreter_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(FileError, match="is no interpreter"):
        command(tmp_path / "bench.json", preset="tpu_like", peer_python=[tmp_path / "python"], training=False)


def test_the_layer_that_others_are_given_is_one_matrix_product() -> None:
    result = simulate(layer_trace(4096, 1024), load_preset("edge256"))
    assert result.totals.macs == 4096 * 1024
    assert [op.op for op in result.ops if op.kind == "matmul"] == ["layer.mm"]


def test_a_tool_that_is_not_installed_is_quoted() -> None:
    figures = layer_figures("edge256", [])
    assert set(figures) == {"one_layer_beside_scale_sim", "one_layer_beside_zigzag", "one_layer_beside_vela"}
    for entry in figures.values():
        assert "quoted" in entry["compared_with"]
        assert entry["value"] > 0


def tool(code: str) -> Peer:
    """A tool that is installed wherever the tests run."""
    return Peer("Tool", "pytest", lambda python, folder, m, n, k: [python, "-c", code], "0", 99.0)


def test_a_tool_that_is_installed_is_run_and_says_its_version() -> None:
    measured = cost(tool("sum(range(10**6))"), sys.executable, lambda command, folder: 1.5)
    assert measured.description == f"Tool {installed_version('pytest', sys.executable)}, the same layer, measured"
    assert measured.seconds == 1.5


def test_a_tool_that_fails_is_quoted_with_the_reason() -> None:
    measured = cost(tool("raise SystemExit('no licence')"), sys.executable)
    assert measured.seconds == 99.0
    assert measured.description.endswith("is installed but failed (no licence)")


def test_seconds_are_those_of_the_child_alone(tmp_path: Path) -> None:
    usages = iter([SimpleNamespace(ru_utime=40.0, ru_stime=2.0), SimpleNamespace(ru_utime=43.0, ru_stime=2.5)])
    asked = []

    def usage(who: int) -> SimpleNamespace:
        asked.append(who)
        return next(usages)

    assert child_seconds([sys.executable, "-c", "pass"], tmp_path, usage) == 3.5
    assert asked == [resource.RUSAGE_CHILDREN] * 2
