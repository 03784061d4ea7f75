"""Decoding believes the audio, not the manifest, about how long an utterance is; bad files are told first."""

import json

import numpy as np
import pytest
import soundfile

from aat_training.data.manifest import read_manifest
from aat_training.evaluate import run_model
from nnasim.errors import ManifestError
from nnasim.numerics.config import NumericsConfig


@pytest.fixture
def entries(tmp_path):
    """Two seconds of noise, declared as 99; speech ends at 1.2 s; and an utterance whose file is missing."""
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 8000)
    line = {"id": "a", "audio_filepath": "a.wav", "duration": 99, "text": "one", "speaker": "s"}
    lost = {**line, "id": "b", "audio_filepath": "lost.wav"}
    (tmp_path / "m.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(lost))
    words = [{"word": "one", "start": 0.2, "end": 1.2}]
    (tmp_path / "m.align.jsonl").write_text("".join(json.dumps({"id": id, "words": words}) + "\n" for id in "ab"))
    return read_manifest(tmp_path / "m.jsonl")


def test_times_come_from_the_audio_and_the_word_times(float_model, float_checkpoint, entries):
    run = run_model(float_model, float_checkpoint, entries[:1], "float", NumericsConfig())
    (utterance,) = run.trace.utterances
    assert utterance.audio_seconds == 2.0
    assert utterance.speech_end == 1.2


def test_a_missing_file_is_told_before_anything_is_decoded(float_model, float_checkpoint, entries):
    progress = []
    with pytest.raises(ManifestError, match=r"m\.jsonl line 2: audio_filepath"):
        run_model(
            float_model, float_checkpoint, entries, "float", NumericsConfig(), lambda *step: progress.append(step)
        )
    assert progress == []


def test_words_that_are_spoken_behind_the_end_of_the_audio_are_refused(float_model, float_checkpoint, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 16_000), 8000)
    (tmp_path / "m.jsonl").write_text('{"id": "a", "audio_filepath": "a.wav", "duration": 99, "text": "one"}')
    words = [{"word": "one", "start": 0.2, "end": 2.1}]
    (tmp_path / "m.align.jsonl").write_text(json.dumps({"id": "a", "words": words}))
    with pytest.raises(
        ManifestError, match=r"m\.align\.jsonl line 1: words\.0\.end = 2\.1: lies behind .*a\.wav, which"
    ):
        run_model(float_model, float_checkpoint, read_manifest(tmp_path / "m.jsonl"), "float", NumericsConfig())
