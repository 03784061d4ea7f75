import pytest

from nnasim.ir.trace import Utterance
from workloads.rnnt.retimed import output_at, retimed
from workloads.rnnt.shapes import SHAPES

REAL = Utterance(
    id="u", audio_seconds=1.0, arrivals=tuple(0.1 * (n + 1) for n in range(10)), call_graphs=("encoder",) * 10,
    call_frames=tuple(range(10)), emissions=(2, 2, 7), speech_end=0.7,
)  # fmt: skip


@pytest.mark.parametrize(("seconds", "output"), [(0.0, 0), (0.06, 0), (0.061, 1), (0.12, 1), (0.3, 4), (0.31, 5)])
def test_an_emission_moves_to_the_first_output_not_before_it(seconds: float, output: int) -> None:
    assert output_at(seconds, 0.06) == output


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_symbol_and_its_time_survive(shape: str) -> None:
    utterance = retimed(REAL, SHAPES[shape])
    step = SHAPES[shape].frame_ms / 1e3 * SHAPES[shape].reduction
    assert len(utterance.emissions) == utterance.call_graphs.count("prediction") - 1 == 3
    for now, then in zip(utterance.emissions, REAL.emissions, strict=True):
        assert -1e-6 <= utterance.arrivals[now] - REAL.arrivals[then] < step + 1e-6
    assert utterance.call_graphs.count("encoder") == len(utterance.arrivals)
    assert utterance.speech_end == REAL.speech_end
    assert utterance.audio_seconds == REAL.audio_seconds


def test_speech_shorter_than_one_output_still_makes_one() -> None:
    short = REAL.model_copy(update={"audio_seconds": 0.01, "arrivals": (0.01,), "emissions": (0,)})
    assert len(retimed(short, SHAPES["rnnt-mlperf"]).arrivals) == 2


def test_pieces_of_a_word_leave_one_output_apart_and_the_last_with_the_word() -> None:
    whole, pieces = (retimed(REAL, SHAPES["rnnt-paper"], count) for count in (1, 3))
    assert len(pieces.emissions) == 3 * len(whole.emissions)
    last = whole.emissions[-1]
    assert pieces.emissions[-3:] == (last - 2, last - 1, last)
    assert pieces.arrivals == whole.arrivals


def test_pieces_that_would_leave_before_the_audio_leave_at_its_first_output() -> None:
    utterance = retimed(REAL.model_copy(update={"emissions": (0,)}), SHAPES["rnnt-paper"], 8)
    assert utterance.emissions == (0, 0, 0, 0, 0, 1, 2, 3)
