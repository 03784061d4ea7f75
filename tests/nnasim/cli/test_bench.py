"""Every figure stands beside what it is compared with."""

import sys
from pathlib import Path

import pytest

from nnasim.cli.bench import command, figure, layer_figures, layer_trace, measure
from nnasim.cli.peers.measure import Peer, child_seconds, cost, installed_version
from nnasim.errors import FileError
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate


def test_figures_are_positive_and_compared() -> None:
    figures = measure("tpu_like", frames=10)
    assert set(figures) == {
        "first_frame_every_event", "further_frame_every_event", "10_frames_with_replay", "operations_per_second",
        "matrix_products_per_second", "memory",
    }  # fmt: skip
    for one in figures.values():
        assert set(one) == {"value", "unit", "compared_with", "ratio"}
        assert one["value"] > 0
    assert figures["operations_per_second"]["value"] > figures["matrix_products_per_second"]["value"]


def test_a_ratio_says_how_many_times_better_ours_is() -> None:
    assert figure(2.0, "s", "X", 460.0) == {"value": 2.0, "unit": "s", "compared_with": "X: 460 s", "ratio": 230.0}
    assert figure(8.0, "1/s", "X", 2.0, more_is_better=True)["ratio"] == 4.0


def test_an_existing_file_is_not_measured_over(tmp_path) -> None:
    path = tmp_path / "bench.json"
    path.write_text("{}")
    with pytest.raises(FileError, match="--force"):
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
    for one in figures.values():
        assert "quoted" in one["compared_with"]
        assert one["value"] > 0


def tool(code: str) -> Peer:
    """A tool that is installed wherever the tests run."""
    return Peer("Tool", "pytest", lambda python, folder, m, n, k: [python, "-c", code], "0", 99.0)


def test_a_tool_that_is_installed_is_run_and_says_its_version() -> None:
    found = cost(tool("sum(range(10**6))"), sys.executable)
    assert found.told == f"Tool {installed_version('pytest', sys.executable)}, the same layer, measured"
    assert 0 < found.seconds < 99


def test_a_tool_that_fails_is_quoted_with_the_reason() -> None:
    found = cost(tool("raise SystemExit('no licence')"), sys.executable)
    assert found.seconds == 99.0
    assert found.told.endswith("is installed but failed (no licence)")


def test_seconds_are_those_of_the_child_alone(tmp_path: Path) -> None:
    few, many = (child_seconds([sys.executable, "-c", f"sum(range({n}))"], tmp_path) for n in (1, 3 * 10**7))
    assert many > few + 0.1
