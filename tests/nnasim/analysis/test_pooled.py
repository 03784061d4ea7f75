"""Figures of several results together are those of one list of all their utterances."""

import pytest

from nnasim.analysis import pooled
from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

RESULTS = [
    simulate(build_trace(SHAPES["rnnt-paper"], frames, 1), load_preset("edge256", [f"clock_hz={clock}"]))
    for frames, clock in ((2, 5e8), (4, 1e9))
]


def test_latencies_of_several_results_stand_one_behind_the_other() -> None:
    for of in (pooled.engine_latencies_ms, pooled.frame_latencies_ms, pooled.user_latencies_ms):
        assert of(*RESULTS) == [value for result in RESULTS for value in of(result)]
    assert [len(pooled.frame_latencies_ms(result)) for result in RESULTS] == [2, 4]


def test_the_real_time_factor_of_several_results_is_of_all_their_audio() -> None:
    busy, audio = pooled.processing_ms(*RESULTS), pooled.audio_seconds(*RESULTS)
    assert pooled.real_time_factor(*RESULTS) == pytest.approx(busy / 1e3 / audio)


def test_without_audio_there_is_no_real_time_factor() -> None:
    assert pooled.real_time_factor() is None
