"""What aat wins: on the mean and at p90, with intervals, by kind of last frame; shares never without count."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.ir.result import SimResult, UtteranceTimes
from reports.gain import gain_sentences, latency_gain, words_sentence
from reports.summary import Gain

MakeResult = Callable[..., SimResult]
Heard = tuple[float, str | None]


def result(make: MakeResult, system: str, utterances: Sequence[Heard]) -> SimResult:
    times = tuple(
        UtteranceTimes(id=f"u{n}", audio_seconds=1.0, frames=2, engine_latency_ms=ms, busy_ms=ms, last_frame=kind)
        for n, (ms, kind) in enumerate(utterances)
    )
    return make(system, utterances=times)


def gained(make: MakeResult, fast: Sequence[Heard], slow: Sequence[Heard]) -> Gain:
    return latency_gain({"aat": result(make, "aat", fast), "cpu_fallback": result(make, "cpu_fallback", slow)})


def test_the_gain_is_that_of_the_means_and_of_p90(make_result: MakeResult) -> None:
    gain = gained(make_result, [(1.0, "a"), (3.0, "a")], [(4.0, "a"), (4.0, "a")])
    assert gain.engine_latency_pct == pytest.approx(50)
    assert gain.engine_latency_p90_pct == pytest.approx(100 * (1 - 2.8 / 4))
    assert gain.engine_latency_pct_ci == pytest.approx((25, 75))


def test_the_gain_hardly_moves_with_which_kind_of_frame_has_the_majority(make_result: MakeResult) -> None:
    """The median jumps from 50 to 20 % when one utterance of twenty changes its kind; the mean does not."""
    blank, word = ((1.0, "encoder"), (2.0, "encoder")), ((4.0, "encoder, joint"), (5.0, "encoder, joint"))
    several = []
    for blanks in (9, 11):
        kinds = [blank] * blanks + [word] * (20 - blanks)
        gain = gained(make_result, [fast for fast, _ in kinds], [slow for _, slow in kinds])
        several.append(gain.engine_latency_pct)
        assert {part.last_frame: part.engine_latency_pct for part in gain.by_last_frame} == {
            "encoder": pytest.approx(50), "encoder, joint": pytest.approx(20),
        }  # fmt: skip
        assert gain.engine_latency_pct_ci is not None
        assert gain.engine_latency_pct_ci[0] < several[-1] < gain.engine_latency_pct_ci[1]
    assert abs(several[0] - several[1]) < 3


def test_utterances_that_end_otherwise_in_the_two_systems_are_a_kind_of_their_own(make_result: MakeResult) -> None:
    gain = gained(make_result, [(1.0, "a"), (1.0, "a")], [(2.0, "a"), (4.0, "b")])
    assert [(kind.utterances, kind.engine_latency_pct) for kind in gain.by_last_frame] == [(1, 50), (1, 75)]
    assert gain.by_last_frame[1].last_frame.startswith("not the same in both")


def test_kinds_of_old_results_are_not_known_and_not_shown(make_result: MakeResult) -> None:
    gain = gained(make_result, [(1.0, None)] * 2, [(2.0, None)] * 2)
    assert (gain.engine_latency_pct, gain.by_last_frame) == (50, ())


def test_a_single_utterance_has_no_interval(make_result: MakeResult) -> None:
    gain = gained(make_result, [(1.0, "a")], [(2.0, "a")])
    assert gain.engine_latency_pct == 50
    assert gain.engine_latency_pct_ci is gain.engine_latency_p90_pct_ci is None
    assert gain.by_last_frame[0].engine_latency_pct_ci is None


def test_other_utterances_or_a_missing_system_have_no_gain(make_result: MakeResult) -> None:
    assert gained(make_result, [(1.0, "a")], [(2.0, "a")] * 2) == Gain()
    assert latency_gain({"aat": result(make_result, "aat", [(1.0, "a")])}) == Gain()


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), min_size=2, max_size=12))
def test_the_interval_is_that_of_paired_resamples(make_result: MakeResult, pairs: list[tuple[float, float]]) -> None:
    gain = gained(make_result, [(f, "a") for f, _ in pairs], [(s, "a") for _, s in pairs])
    assert gain.engine_latency_pct is not None
    assert gain.engine_latency_pct_ci is not None
    low, high = gain.engine_latency_pct_ci
    singles = [100 * (1 - fast / slow) for fast, slow in pairs]
    assert min(singles) - 1e-6 <= low <= high <= max(singles) + 1e-6


def test_the_sentence_names_mean_p90_intervals_and_kinds_and_no_median() -> None:
    gain = Gain(
        engine_latency_pct=30.0, engine_latency_pct_ci=(20.0, 40.0),
        engine_latency_p90_pct=-5.0, engine_latency_p90_pct_ci=(-6.0, -4.0),
        by_last_frame=(
            {"last_frame": "encoder", "utterances": 5, "engine_latency_pct": 50.0},
            {"last_frame": "encoder, joint", "utterances": 1, "engine_latency_pct": 20.0},
        ),
    )  # fmt: skip
    first, kinds = gain_sentences(gain)
    assert "30.0 % lower (95 % interval 20.0 to 40.0 %) on the mean" in first
    assert "5.00 % higher (95 % interval -6.0 to -4.0 %) at p90" in first
    assert "50.0 % lower where it is encoder (5 utterances)" in kinds
    assert "median" not in first + kinds


def test_no_difference_is_neither_lower_nor_higher() -> None:
    (sentence,) = gain_sentences(Gain(engine_latency_pct=0.0, engine_latency_pct_ci=(0.0, 0.0)))
    assert "the same (95 % interval within 0.1) on the mean" in sentence


def test_one_word_of_two_is_never_half() -> None:
    sentence = words_sentence(Gain(wer_lost_errors=2, wer_recovered_errors=1))
    assert sentence is not None
    assert "naive makes 2 word errors more than float, aat 1 fewer than naive" in sentence
    assert "%" not in sentence


def test_a_share_stands_with_its_count_and_interval() -> None:
    gain = Gain(wer_lost_errors=20, wer_recovered_errors=15, wer_recovered_pct=75.0, wer_recovered_pct_ci=(50.0, 90.0))
    assert "75.0 % of what naive loses against float (15 of 20 errors; 95 % interval 50 to 90 %)" in str(
        words_sentence(gain)
    )


def test_a_share_without_its_interval_is_not_told() -> None:
    sentence = words_sentence(Gain(wer_lost_errors=20, wer_recovered_errors=15, wer_recovered_pct=75.0))
    assert "75" not in str(sentence)


@pytest.mark.parametrize(("lost", "words"), [(0, "as many"), (-3, "3 fewer")])
def test_where_naive_is_no_worse_than_float_nothing_is_won_back(lost: int, words: str) -> None:
    sentence = words_sentence(Gain(wer_lost_errors=lost, wer_recovered_errors=4, wer_recovered_pct=50.0))
    assert f"no more word errors than float ({words}), so there is nothing to win back" in str(sentence)
