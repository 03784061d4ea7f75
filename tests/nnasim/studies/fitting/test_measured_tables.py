"""Memories of NVDLA's and Vela's tables, hidden from the fit: they come back from half of the rows."""

import pytest

from benchmarks.fit_boards import MEMORY, START, halves, mean_error_pct, without
from nnasim.errors import InputError
from nnasim.hardware import load_preset
from nnasim.studies.fitting.study import fit
from tests.outside import outside
from workloads.importers.measured_table import Cells, MeasuredRow, MeasuredTable, read_measured_table


@pytest.mark.parametrize("name", ["nvdla_small", "nvdla_small_256"])
def test_latency_and_rate_of_nvdla_come_back_from_half_of_the_rows(name) -> None:
    """Rows of one memory; the quicker ones, so that the test takes seconds: the benchmark takes all."""
    table = read_measured_table(outside("validation") / f"{name}.csv")
    first, second = halves(table, lambda row: row["experiment"] == "main" and int(row["total_cycles"]) < 2000)
    chip = load_preset("nvdla_small", START)
    result = fit(without(first, "read_latency", "cycles_per_read_beat"), chip, MEMORY, preset="nvdla_small")
    latency, rate = result.record.fields
    assert latency.low <= 32 <= latency.high
    assert latency.high - latency.low < 3
    assert rate.low <= 8e9 <= rate.high
    assert rate.value == pytest.approx(8e9, rel=0.01)
    true = load_preset("nvdla_small")  # a latency of 32 cycles, a beat a cycle
    assert mean_error_pct(second, result.chip) <= mean_error_pct(second, true) + 0.05


@pytest.mark.parametrize(("system", "rate"), [("Ethos_U55_High_End_Embedded", 1e9), ("Ethos_U65_Client_Server", 12e9)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_rate_of_vela_comes_back_from_half_of_the_rows(system, rate, seed) -> None:
    table = read_measured_table(outside("validation") / "vela.csv")
    first, second = halves(table, lambda row: row["system_config"] == system, seed)
    chip = load_preset("nvdla_small", START)  # a clock of 1 GHz, so that a byte a cycle is 1 GB/s
    result = fit(first, chip, MEMORY, preset="nvdla_small")
    (found,) = result.record.fields
    assert result.record.idle == ("dram.read_latency_ns",)  # Vela's estimates have none
    assert found.low <= rate <= found.high
    true = chip.with_({"dram.bytes_per_second": rate})
    assert mean_error_pct(second, result.chip) <= 1.1 * mean_error_pct(second, true) + 0.5


NVDLA = "atomC,atomK,bus_bytes,outputs_per_cycle,buffer_bytes,M,K,N,read_latency,max_outstanding_reads,write_latency"
LINE = ("8", "8", "8", "1", "131072", "1", "64", "64")


def nvdla_rows(*latencies: str) -> MeasuredTable:
    columns = (*NVDLA.split(","), "total_cycles")
    rows = [
        MeasuredRow("t.csv", line, Cells(columns, (*LINE, latency, "1000", "8", "739")))
        for line, latency in enumerate(latencies, start=2)
    ]
    return MeasuredTable("t.csv", columns, tuple(rows))


def test_a_column_that_differs_from_row_to_row_is_no_hidden_field() -> None:
    with pytest.raises(InputError, match=r"line 3: read_latency = '64': line 2 has 32; a field that is to be found"):
        fit(nvdla_rows("32", "64", "32"), load_preset("nvdla_small"), MEMORY, preset="nvdla_small")


def test_a_column_that_no_field_is_to_find_stands() -> None:
    table = nvdla_rows("32", "64", "96")
    result = fit(table, load_preset("nvdla_small"), ["dram.bytes_per_second"], preset="nvdla_small")
    assert [row.fitted for row in result.record.rows] == sorted({row.fitted for row in result.record.rows})
