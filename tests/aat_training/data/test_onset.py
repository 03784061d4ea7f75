"""When speech begins, by energy: in audio and in cepstra, within the utterance's own cut."""

import struct

import numpy as np
import pytest

from aat_training.data.manifest import Entry
from aat_training.data.onset import onset_s

RATE = 8000


def wave(lead_s, speech_s=0.4, noise=0.0):
    rng = np.random.default_rng(0)
    tone = (
        0.3 * np.sin(2 * np.pi * 300 * np.arange(int(speech_s * RATE)) / RATE) * np.hanning(int(speech_s * RATE)) ** 0.2
    )
    samples = np.concatenate([np.zeros(int(lead_s * RATE)), tone, np.zeros(RATE // 5)])
    return (samples + noise * rng.standard_normal(len(samples))).astype(np.float32)


def entry(path, **fields):
    field = "features_filepath" if str(path).endswith(".mfc") else "audio_filepath"
    return Entry(**{"id": "a", field: str(path), "duration": 60.0, "text": "x", **fields})


@pytest.mark.parametrize("lead_s", [0.0, 0.08, 0.2, 0.5])
@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_the_first_loud_frame(tmp_path, write_audio, lead_s, noise):
    path = write_audio(tmp_path / "a.wav", wave(lead_s, noise=noise))
    assert onset_s(entry(path)) == pytest.approx(lead_s, abs=0.03)


def test_it_counts_from_the_utterances_offset(tmp_path, write_audio):
    path = write_audio(tmp_path / "a.wav", wave(0.5))
    assert onset_s(entry(path, offset=0.4)) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("samples", [np.zeros(4000), 1e-3 * np.random.default_rng(1).standard_normal(4000)])
def test_silence_and_noise_alone_begin_with_no_word(tmp_path, write_audio, samples):
    assert onset_s(entry(write_audio(tmp_path / "a.wav", samples))) is None


def test_cepstra(tmp_path):
    rows = np.zeros((60, 13), ">f4")
    rows[:, 0] = 5.0
    rows[20:50, 0] = 11.0
    (tmp_path / "a.mfc").write_bytes(struct.pack(">I", rows.size) + rows.tobytes())
    assert onset_s(entry(tmp_path / "a.mfc")) == pytest.approx(0.2)
