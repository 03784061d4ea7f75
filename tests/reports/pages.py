"""One page of every kind that we write, each by the code that a command calls, small enough to be made in a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.ir.result import SimResult
from nnasim.ir.shared import SharedResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.sharing.run import Model, SharingOptions
from nnasim.sharing.search import find_streams
from nnasim.studies.explaining.sources import explain_record
from nnasim.sweeps.frames import StoredSweep
from nnasim.sweeps.fronts import compare_fronts
from reports.blocks import Document
from reports.delays_document import delays_document
from reports.document import write_html
from reports.fronts_page import fronts_document
from reports.naming import labelled
from reports.numerics_document import numerics_document
from reports.page import report
from reports.result_set import ResultSet
from reports.shared_document import shared_document
from reports.streams_page import streams_document
from reports.study_document import study_document
from reports.sweep_page import write_sweep_page
from reports.validation import validation_document
from tests.reports.conftest import compared
from tests.reports.test_delays_document import delays_study
from tests.reports.test_numerics_document import numerics_study
from tests.reports.test_shared_document import SHAPE
from tests.reports.test_study_document import latency_study
from workloads.importers.measured_table import read_measured_table
from workloads.rnnt.builder import build_trace
from workloads.validation.tables import validate_table

RATES = (1e9, 4e9, 25e9)  # bytes a second of the DRAM
MEASURED = (
    "design,experiment,atomC,atomK,bus_bytes,outputs_per_cycle,buffer_bytes,M,K,N,read_latency,cycles_per_read_beat,"
    "max_outstanding_reads,write_latency,total_cycles\n"
    "nv_small,lat,8,8,8,1,131072,1,256,256,1,1.0,100000,8,8604\n"
    "nv_small,lat,8,8,8,1,131072,1,256,256,32,1.0,100000,8,8635\n"
    "nv_small,bw,8,8,8,1,131072,1,256,256,32,1.5,100000,8,12747\n"
)
AXES = {
    "sweep": "  dram.bytes_per_second: {list: [1.0e9, 4.0e9, 25.0e9]}\n  host.handoff_us: {list: [5, 50]}\n"
    "  sram.bytes: {list: [262144, 1048576]}\n",
    "sweep of three objectives": "  dram.bytes_per_second: {list: [1.0e9, 5.002929893e9, 25.0e9]}\n"
    "  sram.bytes: {list: [262144, 1048576, 4194304]}\n  clock_hz: {list: [2.5e8, 1.0e9]}\n",
    "slow": "  dram.bytes_per_second: {list: [1.0e9, 2.0e9]}\n  sram.bytes: {list: [262144, 1048576]}\n",
    "fast": "  dram.bytes_per_second: {list: [4.0e9, 8.0e9]}\n",
    "clocked": "  clock_hz: {list: [2.5e8, 1.0e9]}\n",
}

SWEEPS = {
    "sweep": "engine_latency_ms.p90, energy_mj",
    "sweep of three objectives": "cycles, energy_mj, dram_bytes",
}


def write_page_of(kind: str, folder: Path) -> Path:
    """Write the page of ``kind`` into ``folder``."""
    path = folder / f"{kind}.html"
    if kind in SWEEPS:
        write_sweep_page(path, swept(folder, kind))
    else:
        write_html(path, DOCUMENTS[kind](folder))
    return path


@cache
def trace() -> OpTrace:
    """Calls of a small recogniser."""
    return build_trace(SHAPE, 8, 2, system="aat")


@cache
def simulated(rate: float) -> SimResult:
    """The calls on a chip with a DRAM of this rate."""
    result: SimResult = simulate(trace(), load_preset("edge256").with_({"dram.bytes_per_second": rate}))
    return result


def on_chips() -> ResultSet:
    """The same work on several chips, as `compare-chips` shows it."""
    return ResultSet(labelled([simulated(rate) for rate in RATES]))


def streamed(rate: float) -> SharedResult:
    """How many streams a chip with a DRAM of this rate carries."""
    chip = load_preset("edge256").with_({"dram.bytes_per_second": rate})
    return find_streams([Model("wake", trace())], chip, SharingOptions(deadline_ms=2), most=4)


def swept(folder: Path, name: str) -> StoredSweep:
    """A sweep of a few points."""
    text = f"base: edge256\ntraces:\n  - {{shape: rnnt-mlperf, frames: 2, symbols: 1}}\naxes:\n{AXES[name]}"
    objectives = SWEEPS.get(name, "engine_latency_ms.p90, energy_mj")
    (folder / f"{name}.yaml").write_text(f"{text}objectives: [{objectives}]\nsampler: grid\n")
    store = folder / f"{name}.sqlite"
    assert main(["sweep", str(folder / f"{name}.yaml"), "--store", str(store), "--jobs", "1", "--quiet"]) == 0
    return StoredSweep(store)


def _validation(folder: Path) -> Document:
    (folder / "measured.csv").write_text(MEASURED)
    return validation_document(validate_table(read_measured_table(folder / "measured.csv")))


def _streams(folder: Path) -> Document:
    return streams_document([streamed(rate) for rate in RATES[:2]], [folder / "a.json", folder / "b.json"])


def _fronts(folder: Path) -> Document:
    return fronts_document(compare_fronts(*(swept(folder, name) for name in ("slow", "fast", "clocked"))), "nnasim")


DOCUMENTS: dict[str, Callable[[Path], Document]] = {
    "report": lambda _: report(ResultSet({"aat": simulated(RATES[1])})),
    "comparison": lambda _: report(compared()),
    "compare-chips": lambda _: report(on_chips()),
    "explain": lambda _: report(ResultSet({"aat": explain_record(simulated(RATES[1]), trace())})),
    "several models": lambda _: shared_document(streamed(RATES[1])),
    "streams": _streams,
    "fronts": _fronts,
    "validation": _validation,
    "study aat": lambda _: study_document(latency_study()),
    "study numerics": lambda _: numerics_document(numerics_study()),
    "study delays": lambda _: delays_document(delays_study()),
}
KINDS = (*DOCUMENTS, *SWEEPS)
