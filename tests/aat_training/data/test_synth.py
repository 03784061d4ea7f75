"""Synthesised speech repeats byte for byte, and test voices are never heard in training."""

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest

from aat_training.data.espeak import Style, synthesise
from aat_training.data.synth import VARIANTS, synthesised, voices
from aat_training.data.vocabulary import COMMANDS, DIGITS
from nnasim.errors import InputError, MissingExtraError, NnasimError

pytest.importorskip("espeakng_loader")


def test_speech_has_a_start_for_each_word_and_an_end():
    speech = synthesise("three one nine", Style("gmw/en-US+m4"))
    assert len(speech.starts) == 3
    assert 0 <= speech.starts[0] < speech.starts[1] < speech.starts[2] < speech.end <= len(speech.samples)
    assert 0.5 < len(speech.samples) / speech.rate < 2
    assert np.abs(speech.samples).max() > 1000


def test_style_is_heard():
    def seconds(**style):
        return len(synthesise("three one nine", Style("gmw/en", **style)).samples)

    assert seconds(rate=300) < seconds(rate=160) < seconds(rate=90)
    assert seconds(word_gap=20) > seconds()
    low, high = (synthesise("one", Style("gmw/en", pitch=p)).samples for p in (10, 90))
    assert low.tobytes() != high.tobytes()


def said_by_every_variant():
    variants = VARIANTS["train"] + VARIANTS["test"]
    return {v: synthesise("seven five", Style(f"gmw/en+{v}")).samples.tobytes() for v in variants}


def test_no_voice_remembers_what_was_said_before_or_knows_the_time():
    """Breathy variants add noise, which the library left alone would seed with the second of the day."""
    first = said_by_every_variant()
    time.sleep(1.1)
    synthesise("zero", Style("gmw/en-029+f3", pitch=80))
    assert said_by_every_variant() == first


def test_variants_are_different_voices():
    samples = said_by_every_variant()
    assert len(set(samples.values())) == len(samples)


def test_train_and_test_share_no_voice():
    assert not set(VARIANTS["train"]) & set(VARIANTS["test"])
    assert not set(voices("train")) & set(voices("test"))


def test_an_unknown_voice_is_an_error_not_the_default_voice():
    with pytest.raises(NnasimError, match="refuses voice 'gmw/klingon'"):
        synthesise("one", Style("gmw/klingon"))


def test_digit_strings():
    clips = list(synthesised(20, group="test", digits=(2, 4), seed=5))
    assert {len(clip.words) for clip in clips} == {2, 3, 4}
    assert {word.word for clip in clips for word in clip.words} <= set(DIGITS)
    assert len({clip.speaker for clip in clips}) == 20
    for clip in clips:
        times = [time for word in clip.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert 0.1 * clip.rate <= times[0]
        assert times[-1] + 0.2 * clip.rate <= len(clip.samples)


def test_nothing_is_said_outside_the_words():
    for clip in synthesised(10, group="test", seed=1):
        level = np.abs(clip.samples)
        speech = level[clip.words[0].start : clip.words[-1].end].max()
        assert level[: clip.words[0].start].max() < speech / 5
        assert level[clip.words[-1].end + clip.rate // 20 :].max() < speech / 5


def test_commands_and_the_other_sample_rate():
    clips = list(synthesised(8, group="train", kind="commands", rate=16_000))
    assert all(clip.text in COMMANDS for clip in clips)
    assert {clip.rate for clip in clips} == {16_000}


def test_an_utterance_depends_on_the_seed_and_its_number_only():
    few, many = list(synthesised(2, group="test", seed=1)), list(synthesised(4, group="test", seed=1))
    for utterance, other in zip(few, many, strict=False):
        assert utterance.words == other.words
        assert np.array_equal(utterance.samples, other.samples)


def test_another_process_makes_the_same_bytes():
    script = (
        "import hashlib; from aat_training.data.synth import synthesised\n"
        "print(hashlib.sha256(b''.join(c.samples.tobytes() for c in synthesised(3, group='test'))).hexdigest())"
    )
    digest = hashlib.sha256(b"".join(c.samples.tobytes() for c in synthesised(3, group="test"))).hexdigest()
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest


@pytest.mark.parametrize("options", [{"digits": (3, 2)}, {"digits": (0, 2)}, {"rate": 44_100}])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputError):
        next(synthesised(1, group="test", **options))


def test_without_the_synth_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nnasim\[synth\]'"):
        synthesise("one", Style("gmw/en"))
