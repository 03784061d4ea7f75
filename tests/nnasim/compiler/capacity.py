"""Traffic of a compiled trace without simulating it, and the shapes that the laws of capacity are tried on."""

from __future__ import annotations

from collections import Counter

from nnasim.compiler import CompiledTrace
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import utterance_steps
from workloads.rnnt.shapes import RnntShape


def dram_bytes(compiled: CompiledTrace) -> int:
    """Bytes that the whole trace reads, loading the residents included."""
    programs = {}
    times: Counter[int] = Counter()
    for utterance in compiled.trace.utterances:
        for step in utterance_steps(compiled, utterance):
            programs[id(step.program)] = step.program
            times[id(step.program)] += 1
    boot = compiled.boot()
    return sum(times[key] * program.dram_bytes for key, program in programs.items()) + (boot.dram_bytes if boot else 0)


def traffic(trace: OpTrace, chip: NnaConfig) -> int | None:
    """What ``trace`` reads on ``chip``; None where it does not fit."""
    try:
        return dram_bytes(CompiledTrace(trace, chip))
    except PlacementError:
        return None


def shape(features: int, units: int, layers: tuple[int, int], prediction: tuple[int, int], joint: tuple[int, int]):
    """A recogniser: ``layers`` before and after a reduction, (embedding, units) and (units, outputs)."""
    before, after = layers
    return RnntShape(
        input_features=features, frame_ms=30, encoder_units=units, encoder_before=before, reduction=2 if after else 1,
        encoder_after=after, embedding=prediction[0], prediction_units=prediction[1], prediction_layers=1,
        joint_units=joint[0], outputs=joint[1],
    )  # fmt: skip


SHAPES = {
    "even": shape(64, 96, (2, 0), (32, 64), (64, 64)),
    "odd": shape(37, 61, (1, 1), (13, 29), (43, 101)),
    "large outputs": shape(40, 64, (1, 0), (64, 64), (64, 1500)),
    "one large layer": shape(120, 160, (1, 1), (16, 24), (24, 12)),
}
