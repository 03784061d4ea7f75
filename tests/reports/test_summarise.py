"""Figures of a summary, against numbers computed by head."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import InputError
from nnasim.ir.result import Extra, SimResult
from reports.result_set import ResultSet
from reports.summarise import figures, percentiles
from reports.summary import read_summary, write_summary

MakeResult = Callable[..., SimResult]


def test_percentiles_interpolate_between_order_statistics() -> None:
    latencies = percentiles([4, 1, 2, 3, 5])
    assert latencies is not None
    assert (latencies.p50, latencies.p90, latencies.p99) == pytest.approx((3, 4.6, 4.96))


def test_percentiles_of_nothing_are_not_computed() -> None:
    assert percentiles([]) is None


def test_figures_of_two_utterances(make_result: MakeResult) -> None:
    summary = figures(make_result())
    assert summary.engine_latency_ms is not None
    assert summary.engine_latency_ms.p50 == pytest.approx(0.3)
    assert summary.frame_latency_ms is not None
    assert summary.frame_latency_ms.p50 == pytest.approx(0.25)
    assert summary.rtf == pytest.approx(0.0012 / 2)
    assert summary.handoffs == 8


def test_what_was_not_computed_is_null_never_zero(make_result: MakeResult) -> None:
    summary = figures(make_result())
    assert summary.wer is summary.wer_ci is summary.upl_ms is summary.energy_mj is None


def test_use_of_array_and_memory_is_over_the_time_in_which_anything_worked(make_result: MakeResult) -> None:
    """7,500 multiply-accumulates and 4,096 bytes in 1,200 cycles of 1 us; the array could do 25 a cycle."""
    summary = figures(
        make_result(
            peak_macs_per_cycle=25, hardware={"dram": {"bytes_per_second": 8_192_000.0}}, extra=Extra(busy_cycles=1200)
        )
    )
    assert summary.mac_utilisation == pytest.approx(7500 / (25 * 1200))
    assert summary.dram_share == pytest.approx(4096 / (8.192 * 1200))


def test_a_result_that_does_not_say_what_its_chip_could_do_has_no_use(make_result: MakeResult) -> None:
    summary = figures(make_result())
    assert summary.mac_utilisation is summary.dram_share is None


def test_a_summary_reads_back(result_set: ResultSet, tmp_path: Path) -> None:
    assert result_set.summary is not None
    write_summary(tmp_path / "summary.json", result_set.summary)
    assert read_summary(tmp_path / "summary.json") == result_set.summary


def test_a_summary_has_the_documented_keys(result_set: ResultSet, tmp_path: Path) -> None:
    assert result_set.summary is not None
    write_summary(tmp_path / "summary.json", result_set.summary)
    data = files.read_json(tmp_path / "summary.json")
    documented = {
        "schema_version", "command", "preset", "hardware_hash", "numerics_hash", "versions", "corpus", "systems",
        "gain",
    }  # fmt: skip
    assert documented <= set(data)
    per_system = {
        "mac_utilisation", "dram_share", "utterances", "fallback",
        "wer", "errors", "engine_latency_ms", "frame_latency_ms", "upl_ms", "rtf", "nna_cycles", "cpu_ms", "handoffs",
        "dram_bytes", "energy_mj",
    }  # fmt: skip
    assert per_system <= set(data["systems"]["aat"])
    assert set(data["gain"]) >= {
        "engine_latency_pct", "engine_latency_pct_ci", "engine_latency_p90_pct", "engine_latency_p90_pct_ci",
        "by_last_frame", "wer_recovered_pct", "wer_recovered_pct_ci", "wer_lost_errors", "wer_recovered_errors",
    }  # fmt: skip


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
