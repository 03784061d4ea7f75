"""Figures of a summary, against numbers computed by head."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import InputError
from nnasim.ir.result import SimResult
from reports.study import Study
from reports.summarise import figures, gain, percentiles
from reports.summary import SystemFigures, read_summary, write_summary

MakeResult = Callable[..., SimResult]


def test_percentiles_interpolate_between_order_statistics() -> None:
    found = percentiles([4, 1, 2, 3, 5])
    assert found is not None
    assert (found.p50, found.p90, found.p99) == pytest.approx((3, 4.6, 4.96))


def test_percentiles_of_nothing_are_not_computed() -> None:
    assert percentiles([]) is None


def test_figures_of_two_utterances(make_result: MakeResult) -> None:
    found = figures(make_result())
    assert found.engine_latency_ms is not None
    assert found.engine_latency_ms.p50 == pytest.approx(0.3)
    assert found.frame_latency_ms is not None
    assert found.frame_latency_ms.p50 == pytest.approx(0.25)
    assert found.rtf == pytest.approx(0.0012 / 2)
    assert found.handoffs == 8


def test_what_was_not_computed_is_null_never_zero(make_result: MakeResult) -> None:
    found = figures(make_result())
    assert found.wer is found.wer_ci is found.upl_ms is found.energy_mj is None


def _systems(make_result: MakeResult, **rates: float) -> dict[str, SystemFigures]:
    scale = {"cpu_fallback": 4, "aat": 1}
    return {name: figures(make_result(name, scale.get(name, 1)), wer=rate) for name, rate in rates.items()}


def test_gain_is_what_aat_wins_in_latency_and_recovers_in_accuracy(make_result: MakeResult) -> None:
    found = gain(_systems(make_result, float=0.02, cpu_fallback=0.02, naive=0.06, aat=0.03))
    assert found.engine_latency_pct == pytest.approx(75)
    assert found.wer_recovered_pct == pytest.approx(75)


def test_nothing_lost_is_nothing_to_recover(make_result: MakeResult) -> None:
    assert gain(_systems(make_result, float=0.02, naive=0.02, aat=0.03)).wer_recovered_pct is None


def test_a_missing_system_leaves_the_gain_open(make_result: MakeResult) -> None:
    found = gain(_systems(make_result, naive=0.02, aat=0.03))
    assert found.engine_latency_pct is found.wer_recovered_pct is None


def test_a_summary_reads_back(study: Study, tmp_path: Path) -> None:
    assert study.summary is not None
    write_summary(tmp_path / "summary.json", study.summary)
    assert read_summary(tmp_path / "summary.json") == study.summary


def test_a_summary_has_the_documented_keys(study: Study, tmp_path: Path) -> None:
    assert study.summary is not None
    write_summary(tmp_path / "summary.json", study.summary)
    data = files.read_json(tmp_path / "summary.json")
    documented = {
        "schema_version", "command", "preset", "hardware_hash", "numerics_hash", "versions", "corpus", "systems",
        "gain",
    }  # fmt: skip
    assert documented <= set(data)
    per_system = {
        "wer", "errors", "engine_latency_ms", "frame_latency_ms", "upl_ms", "rtf", "nna_cycles", "cpu_ms", "handoffs",
        "dram_bytes", "energy_mj",
    }  # fmt: skip
    assert per_system <= set(data["systems"]["aat"])
    assert set(data["gain"]) >= {"engine_latency_pct", "wer_recovered_pct"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "schema_version"),
        ('{"schema_version": 2}', "schema_version = 2"),
        ('{"schema_version": 1}', "command"),
        ('{"schema_version": 1, "schema_version": 1}', "twice"),
    ],
)
def test_a_foreign_summary_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(Exception, match=message) as caught:
        read_summary(tmp_path / "summary.json")
    assert caught.type.__module__ == InputError.__module__
