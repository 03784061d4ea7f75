"""Connected digits of one speaker, from takes that were asked for, the same for the same seed."""

import hashlib

import numpy as np
import pytest

from aat_training.data.fsdd import digit_strings, takes_by_speaker
from aat_training.data.vocabulary import DIGITS
from nnasim.errors import FileError, InputError, NnasimError
from tests.outside import outside


@pytest.fixture
def tree(tmp_path, write_audio):
    """Two speakers, two takes of each digit; a take's level tells which it is."""
    for s, speaker in enumerate(("anna", "bert")):
        for digit in range(10):
            for take in (4, 5):
                level = (1 + digit) / 16 * (1 if take == 5 else 0.5) * (1 if s else -1)
                samples = np.full(800, level, np.float32)
                write_audio(tmp_path / f"{digit}_{speaker}_{take}.wav", samples)
    (tmp_path / "README.md").write_text("no recording")
    return tmp_path


def test_takes_are_found_by_their_names_and_sorted(tree):
    by_speaker = takes_by_speaker(tree, range(5, 10))
    assert list(by_speaker) == ["anna", "bert"]
    assert [(take.digit, take.number) for take in by_speaker["bert"]] == [(digit, 5) for digit in range(10)]


def test_a_string_is_said_by_one_speaker_with_the_takes_asked_for(tree):
    clips = list(digit_strings(tree, 12, takes=range(5, 6), seed=3))
    assert [clip.speaker for clip in clips] == ["anna", "bert"] * 6
    for clip in clips:
        assert 2 <= len(clip.words) <= 7
        for word in clip.words:
            level = np.median(clip.samples[word.start : word.end])
            wanted = (1 + DIGITS.index(word.word)) / 16 * (1 if clip.speaker == "bert" else -1)
            assert level == pytest.approx(wanted, abs=0.01)


def test_all_takes_are_used_when_none_are_named(tree):
    medians = {
        round(float(np.median(clip.samples[word.start : word.end])), 2)
        for clip in digit_strings(tree, 60)
        for word in clip.words
    }
    assert len(medians) > 20


def test_lengths_are_drawn_between_the_bounds(tree):
    lengths = {len(clip.words) for clip in digit_strings(tree, 40, digits=(3, 5))}
    assert lengths == {3, 4, 5}


def same(utterance, other):
    return utterance.words == other.words and np.array_equal(utterance.samples, other.samples)


def test_an_utterance_depends_on_the_seed_and_its_number_only(tree):
    few, many = list(digit_strings(tree, 3, seed=1)), list(digit_strings(tree, 6, seed=1))
    assert all(map(same, few, many))
    assert not same(few[0], next(digit_strings(tree, 1, seed=2)))


def test_the_samples_are_those_of_the_first_version(tree):
    """A corpus must not change behind the models that were trained on it."""
    digest = hashlib.sha256()
    for clip in digit_strings(tree, 6, seed=11):
        digest.update(np.rint(clip.samples * 32768).astype("<i2").tobytes())
        digest.update(repr((clip.rate, clip.words, clip.speaker)).encode())
    assert digest.hexdigest() == "f8610ec4bb7ac2d44ce7d4b07b959ad9d5176098799d814b145cddebd95cdfb8"


def test_takes_at_another_rate_are_resampled(tmp_path, write_audio):
    write_audio(tmp_path / "1_x_0.wav", np.full(16_000, 0.5, np.float32), rate=16_000)
    (word, _) = next(digit_strings(tmp_path, 1, digits=(2, 2))).words
    assert word.end - word.start == 8000


@pytest.mark.parametrize("digits", [(0, 3), (4, 3), (1, 101)])
def test_impossible_lengths_are_refused(tree, digits):
    with pytest.raises(InputError, match="least <= most"):
        next(digit_strings(tree, 1, digits=digits))


def test_a_folder_without_such_takes_is_refused(tree):
    for folder, takes, complaint in (
        (tree, range(10, 50), "with takes 10 to 49"),
        (tree / "absent", None, "No such file"),
        (tree / "README.md", None, "Not a directory"),
    ):
        with pytest.raises(FileError, match=complaint):
            next(digit_strings(folder, 1, takes=takes))


def test_a_broken_take_is_named(tree):
    for path in tree.glob("*.wav"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileError, match=r"_[45]\.wav: is truncated"):
        next(digit_strings(tree, 1))


def test_the_real_corpus():
    corpus = outside("fsdd")
    by_speaker = takes_by_speaker(corpus, range(5, 10))
    assert len(by_speaker) == 6
    assert all(len(takes) == 50 for takes in by_speaker.values())
    clip = next(digit_strings(corpus, 1, takes=range(5, 10)))
    assert clip.rate == 8000
    assert 0.5 < len(clip.samples) / clip.rate < 10


def test_a_take_is_one_word_and_can_be_heard(tmp_path, write_audio):
    for name, samples, complaint in (
        ("silent", np.zeros(800), "holds nothing but silence"),
        ("endless", np.zeros(88_000), r"lasts 11\.0 s; a recording of one word lasts at most 10 s"),
    ):
        write_audio(tmp_path / name / "1_anna_0.wav", samples)
        with pytest.raises(NnasimError, match=complaint):
            list(digit_strings(tmp_path / name, 1))
