"""Hand-made results: small enough to check by head, with every part that a report shows."""

from collections.abc import Callable
from typing import Any

import pytest

from nnasim.ir.result import (
    BlockTime,
    FrameTimes,
    OpCost,
    SimResult,
    Span,
    Totals,
    UtteranceTimes,
)
from reports.gain import latency_gain
from reports.hypotheses import Hypothesis
from reports.result_set import ResultSet
from reports.summarise import figures
from reports.summary import Corpus, Summary

WON = {
    "wer_lost_errors": 20, "wer_recovered_errors": 15, "wer_recovered_pct": 75.0, "wer_recovered_pct_ci": (50.0, 90.0),
    "aat_better_than_naive": 0.9,
}  # fmt: skip
CLOCK_HZ = 1e6  # a cycle is a microsecond


def result_of(system: str = "aat", scale: int = 1, **changes: Any) -> SimResult:
    """Two utterances of two frames each; every latency is ``scale`` times 100 cycles and more."""
    cycles = max(4000, 1000 + 400 * scale)  # to the end of the last frame, at least
    base = SimResult(
        system=system,
        preset="edge256",
        hardware={"clock_hz": CLOCK_HZ, "sram": {"bytes": 1024}},
        hardware_hash="0123456789abcdef",
        numerics_hash="fedcba9876543210",
        trace_hash="0011223344556677",
        versions={"nnasim": "0.1.0"},
        clock_hz=CLOCK_HZ,
        totals=Totals(
            cycles=cycles, nna_cycles=1000, cpu_ms=0.5, handoffs=8, dram_bytes=4096, sram_bytes=64, macs=7_500
        ),
        bound_cycles=800,
        blocks={
            "mac_array": BlockTime(busy=1000, stall=1000, idle=cycles - 2000),
            "dma": BlockTime(busy=3000, stall=0, idle=cycles - 3000),
        },
        ops=(
            _op("encoder", "matmul", 3000, 500),
            _op("encoder", "tanh", 400, 0),
            _op("joint", "matmul", 600, 100),
        ),
        frames=FrameTimes(
            utterance=(0, 0, 1, 1),
            frame=(0, 1, 0, 1),
            arrival=(0, 1000, 0, 1000),
            start=(0, 1000, 0, 1000),
            end=tuple(at + scale * cost for at, cost in ((0, 100), (1000, 200), (0, 300), (1000, 400))),
        ),
        utterances=tuple(
            UtteranceTimes(
                id=f"utterance-{n}", audio_seconds=1.0, frames=2, engine_latency_ms=scale * ms, busy_ms=scale * 2 * ms
            )
            for n, ms in ((1, 0.2), (2, 0.4))
        ),
        spans=(
            Span(block="dma", track=0, name="weights 0", kind="dma_read", start=10, end=40, bytes=480),
            Span(block="dma", track=0, name="weights 1", kind="dma_read", start=30, end=60, bytes=480),
            Span(block="mac_array", name="gates", kind="matmul", start=40, end=90),
            Span(block="mac_array", name="gates", kind="stall", start=90, end=100),
        ),
        not_modelled=("refresh of the DRAM",),
    )
    return base.model_copy(update=changes)


def _op(graph: str, kind: str, cycles: int, stall: int) -> OpCost:
    return OpCost(
        graph=graph, op=f"layer0.{kind}", kind=kind, group="matmul", layer="layer0", unit="nna",
        block="mac_array", count=4, cycles=cycles, stall_cycles=stall, bytes=1024, macs=2500,
    )  # fmt: skip


def result_set_of(results: dict[str, SimResult], rates: dict[str, float]) -> ResultSet:
    """A result set as `compare` makes it, with ``rates`` as word error rates."""
    systems = {
        name: figures(
            result, wer=rates[name], wer_ci=(rates[name] / 2, rates[name] * 1.5), errors=round(100 * rates[name])
        )
        for name, result in results.items()
    }
    summary = Summary(
        command="nnasim compare --out DIR",
        preset="edge256",
        hardware_hash="0123456789abcdef",
        numerics_hash="fedcba9876543210",
        versions={"nnasim": "0.1.0"},
        seeds={"bootstrap": 0},
        inputs={"manifest": "00" * 32},
        corpus=Corpus(manifest="speech.jsonl", utterances=2, words=100, audio_seconds=2.0),
        systems=systems,
        gain=latency_gain(results).model_copy(update=WON),
    )
    hypotheses = [Hypothesis("utterance-1", name, "one two three", "one two tree") for name in results]
    return ResultSet(results, summary, hypotheses)


@pytest.fixture(scope="session")
def make_result() -> Callable[..., SimResult]:
    return result_of


@pytest.fixture(scope="session")
def result_set() -> ResultSet:
    return compared()


def compared() -> ResultSet:
    """Four systems, as `compare` shows them."""
    scales = {"float": 8, "cpu_fallback": 4, "naive": 1, "aat": 1}
    rates = {"float": 0.02, "cpu_fallback": 0.02, "naive": 0.06, "aat": 0.03}
    return result_set_of({name: result_of(name, scale) for name, scale in scales.items()}, rates)
