"""A page of a model that was brought in: what it claims stands beside its figures, and of words it does not speak."""

from collections.abc import Callable

from nnasim.ir.imported import Imported, NodeDistance, Source
from nnasim.ir.result import OpCost, SimResult
from reports.naming import labelled
from reports.notes import notes
from reports.operations import costliest, time_per_layer
from reports.page import page
from reports.result_set import ResultSet
from reports.terminal import headings, result_lines, rows

MakeResult = Callable[..., SimResult]
MODEL = Imported(
    name="vad.onnx",
    sources=(Source(name="vad.onnx", format="ONNX opset 16", digest="ab" * 32),),
    calls="every 32 ms for 10 s",
    claim="exact",
    calibration="80 steps of steps.npz, mse",
    fusion="point-wise nodes of one value are one table",
    nodes={"folded": 610, "elsewhere": 12, "on the CPU": 2, "on the chip": 48},
    distances=(
        NodeDistance(node="/rnn/LSTM", operator="LSTM", signal_db=8.25, proposal="16 bits bring 41 dB"),
        NodeDistance(node="/conv<1>", operator="Conv", signal_db=None),
    ),
)


def imported(make_result: MakeResult, **changes: object) -> SimResult:
    return make_result("naive", imported=MODEL.model_copy(update=changes))


def test_what_the_model_claims_stands_on_the_page(make_result: MakeResult) -> None:
    html = page(ResultSet(labelled([imported(make_result)])))
    for words in (
        "vad.onnx, naive on edge256", "ONNX opset 16", "abababababababab", "every 32 ms for 10 s",
        "80 steps of steps.npz, mse", "48 on the chip, 2 on the CPU, 610 folded, 12 elsewhere", "/rnn/LSTM", "8.2",
        "16 bits bring 41 dB", "/conv&lt;1&gt;", "By layer", "costliest operations", "encoder/layer0.matmul",
        "point-wise nodes of one value are one table",
    ):  # fmt: skip
        assert words in html
    assert "/conv<1>" not in html


def test_a_model_without_words_has_no_columns_for_them(make_result: MakeResult) -> None:
    vad = ResultSet({"vad.onnx": imported(make_result)})
    assert headings(vad) == ["mean ms", "p50 ms", "p90 ms", "p99 ms", "hand-offs", "RTF", "MAC", "DRAM"]
    assert [len(cells) for _, cells in rows(vad)] == [len(headings(vad))]
    html = page(vad)
    assert "WER" not in html
    assert "hypothesis" not in html
    both = ResultSet({"vad.onnx": imported(make_result), "aat": make_result()})
    assert headings(both)[0] == "WER"


def test_what_is_for_time_alone_says_so_wherever_it_is_shown(make_result: MakeResult) -> None:
    result = imported(make_result, claim="time only", reason="no weights", distances=())
    lines = list(result_lines(result))
    assert lines[1] == "  vad.onnx: frame latency p50 0.250 ms, p99 0.397 ms"
    assert "  naive: called every 32 ms for 10 s" in lines
    assert "  naive: times only: no weights" in lines


def test_a_lost_signal_is_told_with_what_would_bring_it_back(make_result: MakeResult) -> None:
    (line,) = (line for line in result_lines(imported(make_result)) if "lose" in line)
    assert line == (
        "  naive: integers lose the signal of 1 node, most of all of /rnn/LSTM (LSTM, 8.25 dB): 16 bits bring 41 dB"
    )


def test_layers_are_told_apart_by_graph_where_there_are_several(make_result: MakeResult) -> None:
    assert [row.part for row in time_per_layer(make_result())] == ["encoder: layer0", "joint: layer0"]
    handoff = OpCost(
        graph="frame_end", op="handoff.to_cpu", kind="handoff", group="handoff", layer="handoff", unit="cpu",
        block="host", count=1, cycles=1, stall_cycles=0, bytes=0, macs=0,
    )  # fmt: skip
    single = make_result(ops=(make_result().ops[0], handoff))
    assert [row.part for row in time_per_layer(single)] == ["layer0", "handoff"]


def test_a_path_that_all_layers_share_is_left_out(make_result: MakeResult) -> None:
    first, *_ = make_result().ops
    layers = ("model/Loop_0/encoder/0/conv", "model/Loop_0/encoder/1/conv", "model/Loop_0/decoder", "input")
    ops = tuple(first.model_copy(update={"layer": layer}) for layer in layers)
    parts = [row.part for row in time_per_layer(make_result(ops=ops))]
    assert parts == ["decoder", "encoder/0/conv", "encoder/1/conv", "input"]


def test_the_costliest_operations_come_first(make_result: MakeResult) -> None:
    first, second = costliest(make_result(), 2)
    assert (first.name, first.times, first.ms) == ("encoder/layer0.matmul", 4, 3.5 / 4)
    assert (second.name, second.share) == ("joint/layer0.matmul", 700 / 4600)


def test_a_result_of_our_own_recogniser_keeps_its_file(make_result: MakeResult) -> None:
    assert "imported" not in make_result().model_dump(mode="json")
    assert SimResult.model_validate(imported(make_result).model_dump(mode="json")) == imported(make_result)


def test_what_several_results_of_a_model_share_is_said_once(make_result: MakeResult) -> None:
    moved = imported(make_result, claim="time only", reason="operations run elsewhere", distances=())
    both = ResultSet({"cpu_int8": moved, "naive": imported(make_result)})
    html = page(both)
    assert html.count("point-wise nodes of one value are one table") == 2  # in the notes, and in the facts
    assert "cpu_int8: time only: operations run elsewhere" in html
    assert "naive: exact" in html
    lines = notes(both.results)
    assert "called every 32 ms for 10 s" in lines
    assert "cpu_int8: times only: operations run elsewhere" in lines
