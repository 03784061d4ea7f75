"""Frames 100 ms apart, speech ends at 250 ms: small enough to count by hand."""

import pytest

from nnasim.analysis.realtime import Endpointer, FrameTimeline, backlog, real_time
from nnasim.ir.trace import Utterance

ARRIVALS = tuple(100.0 * (n + 1) for n in range(10))


def utterance(emissions: tuple[int, ...] = (1, 4), speech_end: float | None = 0.25) -> Utterance:
    return Utterance(
        id="u",
        audio_seconds=1.0,
        arrivals=tuple(at / 1e3 for at in ARRIVALS),
        call_graphs=("encoder",) * 10,
        call_frames=tuple(range(10)),
        emissions=emissions,
        speech_end=speech_end,
    )


def served(service_ms: float) -> FrameTimeline:
    ends: list[float] = []
    for at in ARRIVALS:
        ends.append(max(at, ends[-1] if ends else 0.0) + service_ms)
    return FrameTimeline(ARRIVALS, tuple(ends))


def test_a_chip_that_keeps_up_has_no_backlog_and_misses_no_deadline() -> None:
    seen = real_time(utterance(), served(40), Endpointer(wait_ms=300))
    assert (seen.backlog_worst, seen.deadline_misses, seen.engine_latency_ms) == (0, 0, 40)


def test_a_chip_that_is_late_queues_frames() -> None:
    line = served(200)  # frame n ends at 300 + 200 n, arrives at 100 + 100 n
    assert backlog(line)[:6] == [0, 1, 1, 2, 2, 3]
    assert real_time(utterance(), line, Endpointer()).deadline_misses == 10


def test_the_parts_add_up_to_the_users_wait() -> None:
    seen = real_time(utterance(), served(40), Endpointer(wait_ms=300))
    # Speech ends at 250, its frame at 300, the last symbol leaves with the frame of 500, closed with that of 800.
    assert seen.parts == pytest.approx({"chunk": 50, "emission_delay": 200, "endpointer": 300, "engine": 40})
    assert seen.upl_ms == pytest.approx(800 + 40 - 250)
    assert seen.closed == "endpointer"


def test_a_wait_longer_than_the_audio_closes_with_it() -> None:
    seen = real_time(utterance(), served(40), Endpointer(wait_ms=900))
    assert seen.closed == "audio_end"
    assert seen.upl_ms == pytest.approx(1000 + 40 - 250)


def test_a_pause_that_looks_like_the_end_closes_early_and_has_no_latency() -> None:
    seen = real_time(utterance(emissions=(0, 4)), served(40), Endpointer(wait_ms=200))
    assert (seen.closed, seen.upl_ms) == ("early", None)


def test_a_fixed_wait_counts_from_the_end_of_speech() -> None:
    seen = real_time(utterance(), served(40), Endpointer("fixed_wait", 400))
    assert seen.upl_ms == pytest.approx(700 + 40 - 250)  # the first frame at or after 650


def test_without_an_end_of_speech_nothing_is_claimed() -> None:
    seen = real_time(utterance(speech_end=None), served(40), Endpointer())
    assert (seen.closed, seen.upl_ms, seen.parts) == (None, None, {})


def test_where_no_symbol_was_heard_the_end_of_the_audio_closes() -> None:
    seen = real_time(utterance(emissions=()), served(40), Endpointer(wait_ms=300))
    assert seen.closed == "audio_end"
    assert seen.parts == pytest.approx({"chunk": 50, "emission_delay": 0, "endpointer": 700, "engine": 40})
