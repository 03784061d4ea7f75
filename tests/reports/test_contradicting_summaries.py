"""A summary whose figures contradict one another is refused: no gate opens on a figure that nobody measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnasim.errors import InputError
from reports.summary import Corpus, Percentiles, Summary, SystemFigures, read_summary, write_summary

FIGURES = SystemFigures(
    wer=0.25, wer_ci=(0.1, 0.4), errors=5, rtf=0.1, engine_latency_ms=Percentiles(p50=1, p90=2, p99=3, mean=1.5)
)


def read(folder: Path, **changes: Any) -> Summary:
    path = folder / "summary.json"
    summary = Summary(
        preset="edge256", hardware_hash="a", numerics_hash="b", versions={},
        corpus=Corpus(manifest="m.jsonl", utterances=4, words=20, audio_seconds=4.0), systems={"aat": FIGURES},
    )  # fmt: skip
    write_summary(path, summary)
    record = json.loads(path.read_text())
    record["systems"]["aat"] |= changes
    path.write_text(json.dumps(record))
    return read_summary(path)


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read(tmp_path).systems["aat"] == FIGURES


def test_a_rate_without_counts_is_not_doubted(tmp_path: Path) -> None:
    assert read(tmp_path, errors=None, wer=0.3).systems["aat"].wer == 0.3


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("wer", 0.05, "wer = 0.05: must be 5 errors over 20 words, 0.25"),
        ("wer", -1, "wer = -1: must be a"),
        ("rtf", -0.1, "rtf = -0.1: must be a"),
        ("errors", -5, "errors = -5: must be a"),
        ("energy_mj", -1.0, "energy_mj = -1.0: must be a"),
        ("handoffs", -1, "handoffs = -1: must be a"),
        ("wer_ci", [0.4, 0.1], "wer_ci = [0.4, 0.1]: must be [low, high], ascending"),
        ("engine_latency_ms", {"p50": 3, "p90": 2, "p99": 1}, "engine_latency_ms = [3.0, 2.0, 1.0]: must ascend"),
        ("frame_latency_ms", {"p50": -3, "p90": 2, "p99": 5}, "frame_latency_ms = -3.0: must be at least 0"),
    ],
)
def test_a_figure_that_contradicts_another_is_named(tmp_path: Path, field: str, value: object, allowed: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, **{field: value})
    assert f"systems.aat.{allowed}" in str(error.value)


def test_true_is_no_version(tmp_path: Path) -> None:
    read(tmp_path)
    path = tmp_path / "summary.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": true'))
    with pytest.raises(InputError, match="schema_version = True: must be a whole number"):
        read_summary(path)
