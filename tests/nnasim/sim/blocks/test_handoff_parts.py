"""A crossing's total, and the parts that add up beside it."""

from nnasim.hardware import load_preset
from nnasim.ir.program import HandoffCommand
from nnasim.pipeline import simulate
from nnasim.sim.blocks.host import Host
from nnasim.sim.probe import Probe
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=16, encoder_units=16, encoder_before=1, embedding=8, prediction_units=16, prediction_layers=1,
    joint_units=16, outputs=8, frame_ms=30,
)  # fmt: skip


def cycles(*overrides: str, bytes: int = 1000) -> int:
    host = load_preset("edge256", list(overrides)).host
    return Host(None, Probe(), None, host, 1e9).cycles(HandoffCommand(0, "cpu", bytes))


def test_the_total_alone_ignores_the_bytes():
    assert cycles("host.handoff_us=50") == cycles("host.handoff_us=50", bytes=0) == 50_000


def test_parts_add_up():
    parts = ("host.handoff_driver_us=10", "host.handoff_interrupt_us=5")
    bytes = ("host.handoff_cache_ns_per_byte=2", "host.handoff_copy_ns_per_byte=1")
    assert cycles("host.handoff_us=0", *parts, *bytes) == 15_000 + 3_000
    assert cycles("host.handoff_us=7", *parts, *bytes) == 22_000 + 3_000


def test_a_run_pays_for_the_bytes_that_cross():
    trace = build_trace(SHAPE, 3, 1, system="cpu_fallback")
    plain = simulate(trace, load_preset("edge256")).extra.handoff_ms
    dear = simulate(trace, load_preset("edge256", ["host.handoff_copy_ns_per_byte=1000"])).extra.handoff_ms
    assert dear > plain
