"""The latency study on two short utterances, with recognisers trained for two steps and one small other shape."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("soundfile")

from nnasim.cli.main import main
from nnasim.hardware import load_preset
from nnasim.studies.latency.decodes import Speech
from nnasim.studies.latency.study import StudyInputs, latency_study
from reports.csvfile import read_csv
from reports.document import write_document
from reports.study_document import study_document
from workloads.rnnt.shapes import RnntShape

SMALL = RnntShape(
    input_features=16, frame_ms=30, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=9,
)  # fmt: skip
STREAMED = {"sram.resident_weights": []}  # weights cross the DRAM in every frame, so that its rate matters


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two half seconds of noise without word times, so that they are aligned by force."""
    import soundfile

    folder = tmp_path_factory.mktemp("speech")
    lines = []
    for name in ("a", "b"):
        soundfile.write(folder / f"{name}.wav", np.random.default_rng(ord(name)).normal(0, 0.1, 4000), 8000)
        entry = {"id": name, "audio_filepath": f"{name}.wav", "duration": 0.5, "text": "one", "speaker": "s"}
        lines.append(json.dumps(entry))
    (folder / "two.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "two.jsonl"


@pytest.fixture(scope="module")
def folder(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder."""
    models, out = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("study") / "study"
    common = ["train", "--recipe", "tiny", "--train", str(speech), "--dev", str(speech), "--steps", "2"]
    assert main([*common, "--out", str(models / "float")]) == 0
    assert main([*common, "--system", "aat", "--init", str(models / "float"), "--out", str(models / "aat")]) == 0
    inputs = StudyInputs(
        speech=Speech(speech, models, load_preset("edge256").with_(STREAMED)),
        shapes={"small": SMALL},
        handoffs_us=(5.0, 50.0),
        bandwidths=(1e9, 4e9),
    )
    write_document(out, study_document(latency_study(inputs)))
    write_document(out.with_name("side-by-side"), study_document(latency_study(replace(inputs, jobs=2))))
    return out


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_file_is_the_same_from_one_process_and_from_two(folder: Path) -> None:
    alone, side_by_side = contents(folder), contents(folder.with_name("side-by-side"))
    assert alone.keys() == side_by_side.keys()
    assert [name for name in alone if alone[name] != side_by_side[name]] == []
    bandwidths = [row for row in rows(folder, "gain_map") if row["model"] == "small"]
    assert all(row["gain [%] at 1 GB/s"] != row["gain [%] at 4 GB/s"] for row in bandwidths)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    header = (folder / f"{name}.csv").read_text().splitlines()[0].split(",")
    return [dict(zip(header, row, strict=True)) for row in read_csv(folder / f"{name}.csv", header)]


def test_the_ends_of_the_waterfall_are_the_systems(folder: Path) -> None:
    systems = {row["system"]: row["word error rate [%]"] for row in rows(folder, "wer")}
    steps = {row["step"]: row for row in rows(folder, "waterfall") if row["model"] == "trained"}
    policies = {row["step"]: row for row in rows(folder, "policies") if row["model"] == "trained"}
    for system in ("aat", "naive"):
        assert steps["input_quantise"][f"WER of {system}'s weights [%]"] == systems[system]
        assert policies["all on the chip"][f"WER of {system}'s weights [%]"] == systems[system]
    assert policies["cpu_fallback"]["WER of naive's weights [%]"] == systems["cpu_fallback"]


def test_shapes_without_trained_weights_have_no_words(folder: Path) -> None:
    small = [row for row in rows(folder, "waterfall") if row["model"] == "small"]
    assert len(small) == 10
    assert {row["WER of aat's weights [%]"] for row in small} == {""}


def test_copies_belong_to_beams_alone(folder: Path) -> None:
    copies = {(row["system"], row["beam"]): float(row["state copies [1/s]"]) for row in rows(folder, "decoders")}
    assert copies["aat", "1"] == copies["float", "1"] == 0
    assert copies["aat", "4"] > 0
    assert copies["float", "4"] > 0


def test_speech_without_word_times_is_aligned_by_force(folder: Path) -> None:
    assert "a forced alignment on the float model" in (folder / "report.md").read_text()
    closed = rows(folder, "closings")
    assert {row["utterances"] for row in closed} == {"2"}
    for row in closed:  # the alignment gives an end of speech, so every utterance is closed one way or another
        assert sum(int(row[how]) for how in ("by the endpointer", "by the audio's end", "early")) == 2
