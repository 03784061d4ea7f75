"""An utterance whose times contradict one another is refused, by file, field and what is allowed."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnasim.ir.io import write_record
from tests.attack import attack, refused
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three frames, 30 ms apart."""
    monkeypatch.chdir(tmp_path)
    write_record(Path("t.json"), build_trace(TINY, 3, 1, system="aat"))
    data: dict[str, Any] = json.loads(Path("t.json").read_text())
    return data


def changed(trace: dict[str, Any], **fields: object) -> None:
    trace["utterances"][0].update(fields)
    Path("t.json").write_text(json.dumps(trace))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"audio_seconds": 5e-324}, "audio_seconds = 5e-324: must be a number of at least 1e-6"),
        ({"audio_seconds": 1e-300}, "audio_seconds = 1e-300: must be a number of at least 1e-6 and at most"),
        ({"audio_seconds": 0}, "audio_seconds = 0: must be a number of at least 1e-6 and at most"),
        ({"arrivals": [0, 0, 5e-324]}, "arrivals = [0, 0, 5e-324]: must be 1e-09 s apart, on average"),
        ({"arrivals": [0.3, 0.2, 0.4]}, "arrivals = [0.3, 0.2, 0.4]: must ascend"),
        ({"emissions": [2, 0]}, "emissions = [2, 0]: must ascend"),
        ({"speech_end": 1e9}, "speech_end = 1000000000.0: must not lie behind the audio, which ends after 0.09 s"),
        ({"speech_end": 1.2}, "speech_end = 1.2: must not lie behind the audio, which ends after 0.09 s"),
    ],
)
@pytest.mark.parametrize("command", ["simulate t.json --out r.json", "simulate t.json --streams 2 --out r.json"])
def test_times_that_cannot_be_are_refused(
    command: str, fields: dict[str, object], why: str, trace: dict[str, Any]
) -> None:
    changed(trace, **fields)
    complaint = refused(*command.split())
    assert "t.json: utterances.0." in complaint
    assert why in complaint
    assert not Path("r.json").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"arrivals": [0.09, 0.09, 0.09]},
        {"speech_end": 0.17},
        {"audio_seconds": 1e-6},
        {"emissions": [2, 2]},
    ],
    ids=["all at once", "labelled a little behind", "a microsecond", "two at one frame"],
)
def test_odd_times_that_can_be_are_simulated(fields: dict[str, object], trace: dict[str, Any]) -> None:
    changed(trace, **fields)
    assert attack("simulate", "t.json", "--out", "r.json").code == 0


@pytest.mark.parametrize("seconds", [5e-324, 1e-7])
def test_a_result_of_less_audio_than_there_can_be_is_refused(seconds: float, trace: dict[str, Any]) -> None:
    assert attack("simulate", "t.json", "--out", "r.json").code == 0
    record = json.loads(Path("r.json").read_text())
    record["utterances"][0]["audio_seconds"] = seconds
    Path("r.json").write_text(json.dumps(record))
    assert "utterances.0.audio_seconds" in refused("report", "r.json", "--out", "r.html")
    assert "must be 0, or at least 1e-06" in refused("explain", "r.json")


@pytest.mark.parametrize("name", ["\0", "w\x1b.safetensors", "../w", ""])
def test_a_weights_file_of_an_impossible_name_is_refused_by_field(name: str, trace: dict[str, Any]) -> None:
    trace["weights_file"] = name
    changed(trace)
    complaint = refused("simulate", "t.json", "--functional", "--out", "r.json")
    assert "t.json: weights_file" in complaint
