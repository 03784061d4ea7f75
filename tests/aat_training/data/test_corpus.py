"""A made corpus stands complete or not at all, and nothing foreign is ever replaced."""

import itertools
import os

import numpy as np
import pytest

from aat_training.data.alignment import read_alignments
from aat_training.data.audio import read_audio
from aat_training.data.clip import LEAD_S, PAUSE_S, SNR_DB, TAIL_S, Clip, SpokenWord, joined, over_noise
from aat_training.data.corpus import write_corpus
from aat_training.data.manifest import read_manifest
from nnasim.errors import FileError

RATE = 8000
RNG = np.random.default_rng


def clip(speaker="../../evil", level=0.25):
    samples = np.full(1600, level, np.float32)
    return Clip(samples, RATE, (SpokenWord("one", 100, 700), SpokenWord("two", 800, 1500)), speaker)


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_audio_manifest_and_word_times_agree(tmp_path):
    assert write_corpus(tmp_path / "m.jsonl", [clip(), clip()], "made") == 2
    first, second = read_manifest(tmp_path / "m.jsonl")
    assert (first.id, second.id) == ("made-000000", "made-000001")
    assert (first.text, first.duration) == ("one two", 0.2)
    samples, rate = read_audio(first)
    assert rate == RATE
    assert (samples == 0.25).all()
    words = read_alignments(tmp_path / "m.jsonl")["made-000001"].words
    assert [(w.word, w.start, w.end) for w in words] == [("one", 0.0125, 0.0875), ("two", 0.1, 0.1875)]


def test_paths_are_counters_whatever_the_speaker_is_called(tmp_path):
    write_corpus(tmp_path / "m.jsonl", [clip()], "made")
    assert sorted(snapshot(tmp_path)) == ["m.align.jsonl", "m.jsonl", "m_audio/.nnasim", "m_audio/000000.flac"]
    assert read_manifest(tmp_path / "m.jsonl")[0].speaker == "../../evil"


def test_beyond_full_scale_is_clipped_not_wrapped(tmp_path):
    write_corpus(tmp_path / "m.jsonl", [clip(level=1.5)], "made")
    samples, _ = read_audio(read_manifest(tmp_path / "m.jsonl")[0])
    assert samples.min() > 0.999


def failing():
    yield clip()
    raise FileError("take.wav", "is truncated")


def test_a_maker_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(FileError, match="is truncated"):
        write_corpus(tmp_path / "m.jsonl", failing(), "made")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_replacement_keeps_the_old_corpus(tmp_path):
    write_corpus(tmp_path / "m.jsonl", [clip(), clip()], "made")
    before = snapshot(tmp_path)
    with pytest.raises(FileError, match="is truncated"):
        write_corpus(tmp_path / "m.jsonl", failing(), "made", force=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("existing", ["m.jsonl", "m.align.jsonl", "m_audio/.nnasim", "m_audio/000000.flac"])
def test_an_existing_output_is_refused_before_the_work(tmp_path, existing):
    (tmp_path / existing).parent.mkdir(exist_ok=True)
    (tmp_path / existing).write_text("mine")
    with pytest.raises(FileError, match="use `force`"):
        write_corpus(tmp_path / "m.jsonl", itertools.repeat(clip()), "made")  # endless: must not be started
    assert snapshot(tmp_path) == {existing: b"mine"}


def test_force_replaces_the_whole_audio_folder(tmp_path):
    write_corpus(tmp_path / "m.jsonl", [clip(), clip()], "made")
    write_corpus(tmp_path / "m.jsonl", [clip()], "made", force=True)
    assert sorted(snapshot(tmp_path)) == ["m.align.jsonl", "m.jsonl", "m_audio/.nnasim", "m_audio/000000.flac"]


def test_force_does_not_replace_a_folder_with_other_files(tmp_path):
    (tmp_path / "m_audio").mkdir()
    (tmp_path / "m_audio" / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match=r"'thesis\.txt', which nnasim did not write"):
        write_corpus(tmp_path / "m.jsonl", [clip()], "made", force=True)
    assert snapshot(tmp_path) == {"m_audio/thesis.txt": b"mine"}


def test_a_folder_is_no_manifest(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        write_corpus(tmp_path, [clip()], "made", force=True)


def test_joined_takes_are_unchanged_between_their_silences():
    takes = [("one", np.full(700, 0.5, np.float32)), ("two", np.full(300, -0.5, np.float32))]
    utterance = joined(takes, RATE, "s", RNG(0))
    (first, second) = utterance.words
    assert utterance.text == "one two"
    assert np.array_equal(utterance.samples[first.start : first.end], takes[0][1])
    assert np.array_equal(utterance.samples[second.start : second.end], takes[1][1])
    for gap, (least, most) in (
        (first.start, LEAD_S),
        (second.start - first.end, PAUSE_S),
        (len(utterance.samples) - second.end, TAIL_S),
    ):
        assert least - 1 / RATE <= gap / RATE <= most + 1 / RATE


def test_noise_lies_as_far_below_the_speech_as_promised():
    quiet = Clip(np.zeros(80_000, np.float32), RATE, (SpokenWord("one", 0, 40_000),), "s")
    quiet.samples[:40_000] = 0.1 * np.sin(np.arange(40_000))
    speech = np.sqrt(np.mean(quiet.samples[:40_000] ** 2))
    distances = []
    for seed in range(20):
        noisy = over_noise(quiet, RNG(seed))
        noise = np.sqrt(np.mean((noisy.samples - quiet.samples) ** 2))
        distances.append(20 * np.log10(speech / noise))
    assert SNR_DB[0] - 0.2 < min(distances) < max(distances) < SNR_DB[1] + 0.2
    assert max(distances) - min(distances) > 10


@pytest.mark.parametrize("name", ["a\nb.jsonl", os.fsdecode(b"\xff.jsonl")])
def test_a_name_that_no_manifest_may_hold_is_refused_before_the_work(tmp_path, name):
    def never():
        raise AssertionError
        yield

    with pytest.raises(FileError, match="must hold no control character, since the folder of its speech"):
        write_corpus(tmp_path / name, never(), "a")
