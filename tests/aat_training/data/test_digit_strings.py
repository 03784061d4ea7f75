"""Synthesised digit strings that are kept (`tests/digits`): made again by the command that their README names."""

import re
from pathlib import Path

import pytest

pytest.importorskip("soundfile")
pytest.importorskip("torch")

import soundfile

from aat_training.data.alignment import alignment_path, read_alignments
from aat_training.data.audio import read_audio
from aat_training.data.manifest import read_manifest
from aat_training.data.synth import synthesised, voices

FOLDER = Path(__file__).parents[2] / "digits"
MANIFEST = FOLDER / "manifest.jsonl"


def test_at_least_60_utterances_of_test_voices_in_at_most_2_mb():
    entries = read_manifest(MANIFEST)
    assert len(entries) >= 60
    assert {entry.speaker for entry in entries} <= set(voices("test"))
    assert not {entry.speaker for entry in entries} & set(voices("train"))
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 2_000_000


def test_every_file_can_be_read_and_has_the_duration_its_manifest_says():
    for entry in read_manifest(MANIFEST):
        samples, rate = read_audio(entry)
        assert rate == 8000
        assert len(samples) / rate == pytest.approx(entry.duration, abs=1e-6)
        assert 0.05 < abs(samples).max() <= 1


def test_the_words_have_their_times():
    alignments = read_alignments(MANIFEST)
    for entry in read_manifest(MANIFEST):
        words = alignments[entry.id].words
        assert " ".join(word.word for word in words) == entry.text
        times = [time for word in words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[0] > 0
        assert alignments[entry.id].speech_end < entry.duration


def test_the_readmes_command_makes_the_same_bytes(tmp_path):
    pytest.importorskip("espeakng_loader")
    readme = (FOLDER / "README.md").read_text()
    if f"libsndfile {soundfile.__libsndfile_version__}" not in readme:
        pytest.skip("another FLAC encoder than the one that wrote the files")
    seed = int(re.search(r"nnasim data synth --voices test .*--seed (\d+)", readme)[1])
    from aat_training.data.corpus import write_corpus

    manifest = tmp_path / "manifest.jsonl"
    write_corpus(manifest, synthesised(64, group="test", seed=seed), "synth")
    assert manifest.read_bytes() == MANIFEST.read_bytes()
    assert alignment_path(manifest).read_bytes() == alignment_path(MANIFEST).read_bytes()
    for path in sorted(Path(tmp_path / "manifest_audio").glob("*.flac")):
        assert path.read_bytes() == (FOLDER / "manifest_audio" / path.name).read_bytes()
