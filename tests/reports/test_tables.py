"""CSV files, time lines and folders."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.errors import NnasimError
from nnasim.ir.result import SimResult, Span
from reports.csvfile import csv_text, read_csv, write_csv
from reports.hypotheses import Hypothesis, misheard
from reports.operations import block_shares, time_per_kind, write_ops
from reports.result_set import ResultSet, labelled, read_results, write_folder
from reports.timeline import chrome_trace, tracks

MakeResult = Callable[..., SimResult]
NASTY = ['=HYPERLINK("x")', "a,b", 'say "hi"', "two\nlines", "\r", " padded ", "", "+1", "@x", "\u202ertl", "語"]


def test_a_cell_is_data_and_reads_back_unchanged(tmp_path: Path) -> None:
    rows = [[cell, other] for cell in NASTY for other in NASTY]
    write_csv(tmp_path / "t.csv", ("a", "b"), rows)
    assert read_csv(tmp_path / "t.csv", ("a", "b")) == rows
    assert list(csv.reader(io.StringIO(csv_text(("a", "b"), rows), newline="")))[1:] == rows


@pytest.mark.parametrize("text", ["", "x,y\n", "a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"open'])
def test_a_foreign_table_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(NnasimError, match=r"t\.csv"):
        read_csv(tmp_path / "t.csv", ("a", "b"))


def test_ops_csv_has_the_documented_columns(make_result: MakeResult, tmp_path: Path) -> None:
    write_ops(tmp_path / "ops.csv", {"aat": make_result()})
    lines = (tmp_path / "ops.csv").read_text().splitlines()
    assert lines[0] == "system,op,kind,unit,count,cycles,stall_cycles,bytes"
    assert lines[1] == "aat,encoder/layer0.matmul,matmul,nna,4,3000,500,1024"


def test_time_per_kind_is_summed_and_sorted(make_result: MakeResult) -> None:
    times = time_per_kind(make_result())
    assert [(t.part, t.busy, t.stall) for t in times] == [("matmul", 1.8, 0.3), ("tanh", 0.2, 0.0)]


def test_shares_of_a_block_add_up_to_one(make_result: MakeResult) -> None:
    shares = block_shares(make_result())
    assert [share.block for share in shares] == ["dma", "mac_array"]
    assert all(share.busy + share.stall + share.idle == 1 for share in shares)


def _spans(*times: tuple[int, int]) -> list[Span]:
    return [Span(block="dma", name=str(n), kind="dma_read", start=a, end=b) for n, (a, b) in enumerate(times)]


def test_overlapping_work_stands_on_separate_tracks() -> None:
    lanes = tracks(_spans((0, 10), (5, 15), (10, 20), (12, 13), (15, 16)))
    assert [[(s.start, s.end) for s in track.spans] for track in lanes] == [
        [(0, 10), (10, 20)],
        [(5, 15), (15, 16)],
        [(12, 13)],
    ]


def test_the_timeline_is_in_microseconds_and_names_its_tracks(make_result: MakeResult) -> None:
    events = chrome_trace({"aat": make_result()})["traceEvents"]
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert sorted(names.values()) == ["dma", "dma 2", "mac_array"]
    first = next(e for e in events if e["ph"] == "X")
    assert (first["ts"], first["dur"], first["name"], names[1, first["tid"]]) == (10, 30, "weights 0", "dma")
    assert {"ph", "pid", "tid", "name"} <= set.intersection(*(set(event) for event in events))


def test_complete_events_of_a_thread_never_overlap(make_result: MakeResult) -> None:
    """Viewers nest or drop overlapping events of one thread."""
    ends: dict[tuple[int, int], float] = {}
    for event in chrome_trace({"aat": make_result(), "naive": make_result("naive")})["traceEvents"]:
        if event["ph"] == "X":
            thread = event["pid"], event["tid"]
            assert event["ts"] >= ends.get(thread, 0)
            ends[thread] = event["ts"] + event["dur"]
    assert len(ends) == 6


def test_labels_are_as_short_as_they_can_be(make_result: MakeResult) -> None:
    aat, naive, other = make_result("aat"), make_result("naive"), make_result("aat", preset="edge512")
    assert list(labelled([aat, naive])) == ["aat", "naive"]
    assert list(labelled([aat, other])) == ["aat on edge256", "aat on edge512"]
    assert list(labelled([aat, aat, other])) == ["aat on edge256, #1", "aat on edge256, #2", "aat on edge512"]


def test_misheard_lists_what_most_systems_missed_first() -> None:
    rows = [
        Hypothesis("1", "float", "one", "one"),
        Hypothesis("1", "aat", "one", "two"),
        Hypothesis("2", "float", "six", "sick"),
        Hypothesis("2", "aat", "six", ""),
        Hypothesis("3", "aat", "a  b", "a b"),
    ]
    assert [(item.id, item.hypotheses) for item in misheard(rows)] == [
        ("2", {"float": "sick", "aat": ""}),
        ("1", {"aat": "two"}),
    ]


def test_a_folder_reads_back(result_set: ResultSet, tmp_path: Path) -> None:
    write_folder(tmp_path / "demo", result_set)
    again = read_results([tmp_path / "demo"])
    assert again.summary == result_set.summary
    assert list(again.results.items()) == list(result_set.results.items())
    assert list(again.hypotheses) == list(result_set.hypotheses)


def test_a_name_from_a_summary_never_becomes_a_path(result_set: ResultSet, tmp_path: Path) -> None:
    write_folder(tmp_path / "demo", result_set)
    text = (tmp_path / "demo" / "summary.json").read_text().replace('"aat"', '"../aat"')
    (tmp_path / "demo" / "summary.json").write_text(text)
    with pytest.raises(NnasimError, match="names no system"):
        read_results([tmp_path / "demo"])
