"""Small audio files for the tests of this folder."""

import numpy as np
import pytest
import soundfile


def tone(seconds=0.3, rate=8000, hz=440.0, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def write_audio():
    """write_audio(path, samples=..., rate=8000, **options of soundfile.write): returns the path."""

    def write(path, samples=None, rate=8000, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(rate=rate) if samples is None else samples, rate, **options)
        return path

    return write
