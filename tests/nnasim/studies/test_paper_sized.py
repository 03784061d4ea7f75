"""A small recogniser's hand-offs weigh heavily; what one of another size would gain is simulated, not extrapolated."""

import pytest

from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from nnasim.studies.paper_sized import paper_sized_gain
from workloads.rnnt.builder import symbolic_utterance
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import RnntShape

SMALL = RnntShape(
    name="small", input_features=32, frame_ms=40, encoder_units=64, encoder_before=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


def test_the_gain_at_a_hand_off_is_that_of_two_simulations() -> None:
    chip, spoken = load_preset("edge256"), [symbolic_utterance(SMALL, 20, 5)]
    gain = paper_sized_gain(spoken, chip, shape=SMALL, handoffs_us=(35.0, 60.0))
    assert gain is not None
    assert (gain.shape, gain.weights) == ("small", SMALL.weights)
    for handoff, pct in zip(gain.handoffs_us, gain.engine_latency_pct, strict=True):
        variant = chip.with_({"host.handoff_us": handoff})
        fast, slow = (
            simulate(retimed_trace(spoken, SMALL, system, chip.numerics), variant).utterances[0].engine_latency_ms
            for system in ("aat", "cpu_fallback")
        )
        assert pct == pytest.approx(100 * (1 - fast / slow))
    assert gain.engine_latency_pct[0] < gain.engine_latency_pct[1]
