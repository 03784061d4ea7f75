"""``nnasim.simulate`` of a list: several traces or streams on one chip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nnasim
from nnasim.errors import ConfigError, PlacementError, TraceError
from nnasim.front.shared import Shared
from nnasim.ir.trace import OpTrace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="tiny", input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1,
    embedding=8, prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip


def trace() -> OpTrace:
    return build_trace(SHAPE, 8, 2, system="aat")


def test_a_list_of_traces_shares_the_chip() -> None:
    result = nnasim.simulate([trace(), trace()], "edge256", policy="round_robin", streams=2)
    assert isinstance(result, Shared)
    models = result.models()
    assert list(models.index) == ["tiny 1", "tiny 2"]
    assert (models["frame_p99_ms"] >= models["frame_p50_ms"]).all()
    assert models["share"].sum() < 1
    assert result.blocks().loc["tiny 1", "mac_array"] > 0
    frames = result.frames()
    assert list(frames.index.names) == ["model", "stream", "utterance", "frame"]
    assert len(frames) == 2 * 2 * 8
    assert "tiny 1 (2 streams): frame latency p50" in repr(result)
    assert "<div>" in result._repr_html_()
    assert result.streams_in_time is None


def test_streams_in_time_are_found() -> None:
    result = nnasim.simulate([trace()], deadline_ms=2, find_streams=True)
    assert result.streams_in_time is not None
    assert result.record.models[0].streams == max(1, result.streams_in_time)


def test_a_result_is_saved_read_and_reported(tmp_path: Path) -> None:
    result = nnasim.simulate([trace()], streams=2)
    result.save(tmp_path / "r.json")
    assert nnasim.read_shared(tmp_path / "r.json").record == result.record
    result.report(tmp_path / "r.html")
    assert "2 x tiny" in (tmp_path / "r.html").read_text()


def test_an_explanation_says_what_each_model_waits_for(tmp_path: Path) -> None:
    result = nnasim.simulate([trace(), trace()], streams=2, starts="together")
    why = result.explain()
    waits = why.waits()
    assert list(waits.index.names) == ["model", "wait", "of"]
    frames = result.frames()
    for model, parts in waits["ms"].groupby("model"):
        assert parts.sum() == pytest.approx(frames.loc[model, "latency_ms"].mean())
    behind = waits["ms"].xs("behind", level="wait")
    between = why.streams()["ms"]
    for model in result.models().index:  # a mean over a model's streams is what their model waited
        of_makers = between[model].groupby("behind_model").sum() / 2
        assert of_makers.to_dict() == pytest.approx(behind[model].to_dict())
    limits = why.what_ifs()
    assert limits.loc[("as it is", "tiny 1"), "p99_ms"] == result.models().loc["tiny 1", "frame_p99_ms"]
    assert limits.loc[("policy priority", "tiny 1"), "policy"] == "priority"
    assert "a frame" in repr(why)
    assert "would help" in why.markdown()
    assert why._repr_html_().startswith("<div><pre>2 streams of tiny 1, 2 streams of tiny 2 on edge256")
    why.save(tmp_path / "why.json")
    kept = nnasim.read_shared(tmp_path / "why.json").explain()
    assert kept.record == why.record
    why.report(tmp_path / "why.html")
    assert "What each waits for" in (tmp_path / "why.html").read_text()


def test_a_result_from_a_file_is_explained_with_its_traces(tmp_path: Path) -> None:
    result = nnasim.simulate([trace()], streams=2)
    result.save(tmp_path / "r.json")
    read = nnasim.read_shared(tmp_path / "r.json")
    assert read.explain().waits().empty
    assert read.explain().what_ifs().empty
    assert read.explain().streams().empty
    assert read.explain([trace()]).record.explanation == result.explain().record.explanation
    with pytest.raises(TraceError, match="traces: traces = 2: must be 1, one for each model that ran"):
        read.explain([trace(), trace()])
    with pytest.raises(TraceError, match="is not the trace that ran"):
        read.explain([build_trace(SHAPE, 10, 2, system="aat")])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: nnasim.simulate([]), "simulate: trace = []: must hold at least one trace"),
        (lambda: nnasim.simulate([3]), "simulate: trace.0 = 3: must be a trace, or the path of a trace file"),  # type: ignore[list-item]
        (lambda: nnasim.simulate([trace()], policy="lifo"), "simulate: policy = 'lifo': must be 'fifo', 'priority'"),  # type: ignore[arg-type]
        (lambda: nnasim.simulate(trace(), policy="fifo"), "policy = 'fifo': is not used by one trace alone"),  # type: ignore[call-overload]
        (lambda: nnasim.simulate([trace()], endpointer_ms=1), "endpointer_ms = 1.0: is not used by traces that share"),  # type: ignore[call-overload]
        (lambda: nnasim.simulate([trace()], find_streams=True), "find_streams = True: needs deadline_ms"),
        (lambda: nnasim.simulate([trace()] * 65), "simulate: traces = 65: must be at most 64"),
        (lambda: nnasim.simulate([trace()], policy="priority"), "policy = 'priority': is not used for one stream"),
        (lambda: nnasim.simulate([trace()], streams=2, policy="priority"), "is not used for one trace, whose streams"),
        (lambda: nnasim.simulate([trace()] * 2, starts="random"), "starts = 'random': is not used for one stream of"),
        (lambda: nnasim.simulate([trace()], residents="in_turn"), "residents = 'in_turn': is not used for one trace"),
    ],
)
def test_what_is_not_meant_is_named(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        wrong()
    assert message in str(caught.value)


def test_what_does_not_fit_is_refused_without_a_word_of_options() -> None:
    with pytest.raises(PlacementError, match=r"or at most .* streams of each model") as caught:
        nnasim.simulate([trace()], nnasim.preset("edge256").with_({"sram.bytes": 16384}), streams=1024)
    assert "--" not in str(caught.value)
