"""`compare-results` on hand-made results: latencies of 0.2 and 0.4 ms, and the same scaled."""

from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.ir.io import write_record
from nnasim.ir.trace import System
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

TINY = RnntShape(
    input_features=8, frame_ms=30, encoder_units=8, encoder_before=1, embedding=8, prediction_units=8,
    prediction_layers=1, joint_units=8, outputs=5,
)  # fmt: skip


def result(path: Path, handoff_us: float, system: System = "cpu_fallback") -> str:
    from nnasim.hardware import load_preset
    from nnasim.pipeline import simulate

    chip = load_preset("edge256", [f"host.handoff_us={handoff_us}"])
    write_record(path, simulate(build_trace(TINY, 4, 1, system=system), chip))
    return str(path)


@pytest.fixture
def fast(tmp_path: Path) -> str:
    return result(tmp_path / "fast.json", 50)


@pytest.fixture
def slow(tmp_path: Path) -> str:
    return result(tmp_path / "slow.json", 75)


def test_equal_results_pass_the_strictest_gate(fast: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-results", fast, fast, "--fail-over", "0"]) == 0
    assert "+0.00 %" in capsys.readouterr().out


def test_a_slower_result_fails_the_gate_and_is_named(fast: str, slow: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-results", fast, slow, "--fail-over", "5"]) == 1
    out = capsys.readouterr().out
    assert "worse by more than 5 %: cpu_fallback engine_latency_ms.p50" in out
    assert "handoff" in out.partition("operations")[2]


def test_a_faster_result_and_a_wide_gate_pass(fast: str, slow: str) -> None:
    assert main(["compare-results", slow, fast, "--fail-over", "0"]) == 0
    assert main(["compare-results", fast, slow, "--fail-over", "500"]) == 0


def test_without_a_gate_nothing_fails(fast: str, slow: str) -> None:
    assert main(["compare-results", fast, slow]) == 0


def test_results_that_share_no_system_are_refused(
    tmp_path: Path, fast: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # A result file alone is labelled by its system.
    other = result(tmp_path / "other.json", 50, "aat")
    assert main(["compare-results", fast, other]) == 2
    assert "must share one with" in capsys.readouterr().err
