"""The work of greedy and beam search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnasim.hardware import NnaConfig
from nnasim.studies.latency.costs import cost_of
from reports.study_record import Accuracy, Decoder
from workloads.rnnt.hypotheses import COPIES, slot_bytes, without_copies

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun


def decoder_figures(beam: int, run: SystemRun, accuracy: Accuracy, chip: NnaConfig) -> Decoder:
    """The work and cost of decoding, per second of audio; copies: the saving if states are passed by reference."""
    whole, bare = cost_of(run.trace, chip), cost_of(without_copies(run.trace), chip)
    seconds = sum(utterance.audio_seconds for utterance in run.trace.utterances)
    calls = [graph for utterance in run.trace.utterances for graph in utterance.call_graphs]
    return Decoder(
        system=run.system,
        beam=beam,
        accuracy=accuracy,
        engine_ms=whole.engine_latency_ms,
        busy_ms_per_s=whole.busy_ms / seconds,
        joints_per_s=calls.count("joint") / seconds,
        predictions_per_s=calls.count("prediction") / seconds,
        handoffs_per_s=whole.handoffs / seconds,
        copies_per_s=sum(map(calls.count, COPIES)) / seconds,
        copies_ms_per_s=(whole.busy_ms - bare.busy_ms) / seconds,
        slot_bytes=slot_bytes(run.trace),
    )
