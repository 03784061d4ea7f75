"""The bundled speech: real voices, enough of it, small enough, licensed, made again by its README's command."""

import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("soundfile")
pytest.importorskip("torch")

import soundfile

from aat_training.data.alignment import alignment_path, read_alignments
from aat_training.data.audio import read_audio
from aat_training.data.manifest import read_manifest
from tests.outside import outside
from workloads.bundled import checkpoints_folder, speech_manifest

FOLDER = speech_manifest().parent
README = (FOLDER / "README.md").read_text()


def test_at_least_150_strings_of_six_speakers_in_at_most_6_mb():
    entries = read_manifest(speech_manifest())
    assert len(entries) >= 150
    assert len({entry.speaker for entry in entries}) == 6
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 6_000_000


def test_no_bundled_model_was_trained_or_chosen_on_these_speakers():
    speakers = {entry.speaker for entry in read_manifest(speech_manifest())}
    for card in checkpoints_folder().glob("*/README.md"):
        trained = set(re.findall(r"\b0{6}\d\d\b", card.read_text()))
        assert len(trained) == 18, f"{card} must name the speakers it was trained on"
        assert not trained & speakers


def test_licence_and_attribution_lie_beside_the_recordings():
    assert "Attribution 4.0 International" in (FOLDER / "LICENSE").read_text()
    assert "CC BY 4.0" in README
    assert "Ghandoura" in README


def test_every_file_can_be_read_and_has_the_duration_its_manifest_says():
    for entry in read_manifest(speech_manifest()):
        samples, rate = read_audio(entry)
        assert rate == 16000
        assert len(samples) / rate == pytest.approx(entry.duration, abs=1e-6)
        assert 0.01 < abs(samples).max() <= 1


def test_the_words_have_their_times():
    alignments = read_alignments(speech_manifest())
    for entry in read_manifest(speech_manifest()):
        words = alignments[entry.id].words
        assert " ".join(word.word for word in words) == entry.text
        times = [time for word in words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[0] > 0
        assert alignments[entry.id].speech_end < entry.duration


def test_the_readmes_command_makes_the_same_bytes(tmp_path, monkeypatch):
    recordings = outside("commands")
    if f"libsndfile {soundfile.__libsndfile_version__}" not in README:
        pytest.skip("another FLAC encoder than the one that wrote the files")
    from nnasim.cli.main import main

    words = shlex.split(re.search(r"^nnasim (data strings .*)$", README, re.MULTILINE)[1])
    words[words.index("data/commands/index.tsv")] = str(recordings / "index.tsv")
    monkeypatch.chdir(tmp_path)
    assert main(words) == 0
    manifest = Path("manifest.jsonl")
    assert manifest.read_bytes() == speech_manifest().read_bytes()
    assert alignment_path(manifest).read_bytes() == alignment_path(speech_manifest()).read_bytes()
    for path in sorted(Path("manifest_audio").glob("*.flac")):
        assert path.read_bytes() == (FOLDER / "manifest_audio" / path.name).read_bytes()
