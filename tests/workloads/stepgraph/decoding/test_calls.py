"""When each graph runs: periods, symbols, measured calls; the method is said in words."""

from pathlib import Path

import pytest

from nnasim.errors import NnasimError
from workloads.rnnt.builder import build_trace, step_calls
from workloads.rnnt.shapes import SHAPES
from workloads.stepgraph.decoding.calls import decoding_calls, measured, periodic, with_symbols


def test_every_graph_runs_once_a_period_in_order() -> None:
    calls = periodic(["first", "second"], 8.0, 0.03)
    (utterance,) = calls.utterances
    assert utterance.call_graphs == ("first", "second") * 3
    assert utterance.call_frames == (0, 0, 1, 1, 2, 2)
    assert utterance.arrivals == (0.008, 0.016, 0.024)
    assert utterance.audio_seconds == pytest.approx(0.024)
    assert calls.method == "every 8 ms for 0.024 s"


def test_a_transducer_of_symbols_makes_the_calls_of_our_own_recogniser() -> None:
    shape = SHAPES["rnnt-paper"]
    (native,) = build_trace(shape, 100, 25).utterances
    (imported,) = with_symbols([], shape.frame_ms, 100 * shape.frame_ms / 1e3, 25 / 3).utterances
    ours = {"prediction": "decoder", "joint": "joiner", "encoder": "encoder"}
    assert imported.call_graphs == tuple(ours[graph] for graph in native.call_graphs)
    assert (imported.call_frames, imported.arrivals, imported.emissions) == (
        native.call_frames, native.arrivals, native.emissions,
    )  # fmt: skip
    assert step_calls(shape, [1, 0])[0] == ["prediction", "encoder", "joint", "prediction", "joint", "encoder", "joint"]


def test_each_output_of_an_encoder_call_is_handed_over_before_the_joiner_runs() -> None:
    graphs, frames = decoding_calls([0, 1, 0, 0], ["row.0", "row.1"])
    assert graphs == [
        "decoder", "encoder", "row.0", "joiner", "row.1", "joiner", "decoder", "joiner",
        "encoder", "row.0", "joiner", "row.1", "joiner",
    ]  # fmt: skip
    assert frames == [0] * 8 + [1] * 5
    calls = with_symbols(["row.0", "row.1"], 80, 0.8, 5)
    assert calls.method == "every 80 ms for 0.8 s, 4 symbols evenly"
    assert calls.utterances[0].emissions == (2, 4, 7, 9)


def measured_calls(folder: Path, text: str) -> Path:
    (folder / "calls.csv").write_text(text)
    return folder / "calls.csv"


def test_measured_calls_of_one_time_share_a_frame(tmp_path: Path) -> None:
    calls = measured(measured_calls(tmp_path, "time_s,graph\n0.0,a\n0.01,a\n0.01,b\n0.5,b\n"), ["a", "b"])
    (utterance,) = calls.utterances
    assert (utterance.arrivals, utterance.call_frames) == ((0.0, 0.01, 0.5), (0, 1, 1, 2))
    assert utterance.call_graphs == ("a", "a", "b", "b")
    assert calls.method == "measured, calls.csv: 2 a, 2 b"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("time_s,graph,more\n0,a,1\n", "line 1: header = 'time_s,graph,more': must be time_s,graph"),
        ("time,graph\n0,a\n", "must be time_s,graph"),
        ("time_s,graph\n0.2,a\n0.1,a\n", "line 3: time_s = '0.1': must not be before 0.2"),
        ("time_s,graph\n0.2,c\n", "line 2: graph = 'c': must be one of a, b"),
        ("time_s,graph\n-1,a\n", "line 2: time_s = '-1': must be a number in 0"),
        ("time_s,graph\nnan,a\n", "line 2: time_s = 'nan'"),
        ("time_s,graph\n0,a\n", "line 2: time_s = '0': the last call must not come before 1e-06 s"),
        ("time_s,graph\n1e-300,a\n", "line 2: time_s = '1e-300': the last call must not come before"),
        ("time_s,graph\n1_0,a\n", "line 2: time_s = '1_0': must be a number in 0"),
        ("time_s,graph\n\u0660.\u0661,a\n", "line 2: time_s = '\\u0660.\\u0661': must be a number in 0"),
        ("time_s,graph\n0x1,a\n", "line 2: time_s = '0x1': must be a number in 0"),
        ("time_s,graph\ninf,a\n", "line 2: time_s = 'inf': must be a number in 0"),
        ("time_s,graph\n1000001,a\n", "line 2: time_s = '1000001': must be a number in 0 .. 1,000,000"),
        ("time_s,graph\n0." + "0" * 50 + "1,a\n", "must be a number of at most 40 characters"),
        ("time_s,graph\n,a\n", "line 2: time_s = '': must not be empty"),
        ("time_s,graph\n0.1,\n", "line 2: graph = '': must not be empty"),
        ("time_s,graph\n0.1,A\n", "line 2: graph = 'A': must be one of a, b"),
        ("time_s,graph\n0.1,a,b\n", "line 2: cells = 3: the header has 2 columns"),
        ("time_s,time_s\n0.1,a\n", "line 1: header = 'time_s': every column needs a name of its own"),
        ("graph,time_s\na,0.1\n", "line 1: header = 'graph,time_s': must be time_s,graph"),
        ("time_s,graph\n0\n", "line 2: cells = 1: the header has 2 columns"),
        ("time_s,graph\n", "holds no rows under a header"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(NnasimError) as caught:
        measured(measured_calls(tmp_path, text), ["a", "b"])
    assert why in str(caught.value)
    assert "calls.csv" in str(caught.value)


def test_a_burst_of_calls_at_one_time_is_no_contradiction(tmp_path: Path) -> None:
    """As of a device that hears nothing for a while, and then runs once for each block that came meanwhile."""
    (utterance,) = measured(measured_calls(tmp_path, "time_s,graph\n-0,a\n0.1,a\n0.1,a\n0.1,a\n"), ["a"]).utterances
    assert (utterance.call_frames, str(utterance.arrivals)) == ((0, 1, 1, 1), "(0.0, 0.1)")


TRANSDUCER = ("encoder", "decoder", "joiner")
OF_TWO_ROWS = ("encoder", "row.0", "row.1", "decoder", "joiner")


@pytest.mark.parametrize(
    ("graphs", "order", "why"),
    [
        (TRANSDUCER, "joiner", "line 2: graph = 'joiner': must come after a call of decoder, which it reads"),
        (TRANSDUCER, "decoder joiner", "line 3: graph = 'joiner': must come after a call of encoder, which it reads"),
        (OF_TWO_ROWS, "decoder encoder joiner", "line 4: graph = 'joiner': must come after a call of row.0 or row.1"),
        (OF_TWO_ROWS, "row.0 encoder", "line 2: graph = 'row.0': must come after a call of encoder, which it reads"),
        (OF_TWO_ROWS, "encoder row.2", "line 3: graph = 'row.2': must be one of encoder, row.0, row.1"),
    ],
)
def test_a_joiner_runs_after_what_it_reads(graphs: tuple[str, ...], order: str, why: str, tmp_path: Path) -> None:
    text = "time_s,graph\n" + "".join(f"0.1,{graph}\n" for graph in order.split())
    with pytest.raises(NnasimError) as caught:
        measured(measured_calls(tmp_path, text), graphs)
    assert why in str(caught.value)


def test_calls_of_a_transducer_in_the_order_of_decoding_enter(tmp_path: Path) -> None:
    order = ["decoder", "encoder", "row.0", "joiner", "decoder", "joiner", "row.1", "joiner"]
    text = "time_s,graph\n" + "".join(f"0.1,{graph}\n" for graph in order)
    assert measured(measured_calls(tmp_path, text), OF_TWO_ROWS).utterances[0].call_graphs == tuple(order)


@pytest.mark.parametrize(
    ("period_ms", "seconds", "symbols", "why"),
    [
        (10, 0.005, 1, "seconds = 0.005: must be at least one period, 10 ms"),
        (0, 1, 1, "period_ms = 0: must be greater than 0"),
        (10, float("inf"), 1, "seconds = inf: must be greater than 0 and at most"),
        (float("nan"), 1, 1, "period_ms = nan"),
        (0.001, 1e6, 1, "seconds = 1000000.0: gives more than 400,000 calls"),
        (10, 10, -1, "symbols_per_second = -1: must be at least 0"),
        (10, 1000, 300, "symbols_per_second = 300: gives 300,000 symbols, and more than 400,000 calls"),
    ],
)
def test_impossible_times_are_refused(period_ms: float, seconds: float, symbols: float, why: str) -> None:
    with pytest.raises(NnasimError) as caught:
        with_symbols([], period_ms, seconds, symbols)
    assert why in str(caught.value)
