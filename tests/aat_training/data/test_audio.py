"""Audio is read whole or refused in one line; stereo becomes mono."""

import os

import numpy as np
import pytest

from aat_training.data.audio import audio_seconds, read_audio, read_audio_file
from aat_training.data.manifest import Entry, read_manifest, write_manifest
from nnasim.errors import FileError, ManifestError


def entry(path, **changes):
    fields = {"id": "a", "audio_filepath": str(path), "duration": 60.0, "text": "x", "speaker": "s", **changes}
    return Entry(**fields)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_16_bit_samples_come_back_exactly(tmp_path, write_audio, name):
    ints = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)
    samples, rate = read_audio(entry(write_audio(tmp_path / name, ints, 16_000)))
    assert samples.dtype == np.float32
    assert rate == 16_000
    assert (samples * 32768).tolist() == ints.tolist()


def test_channels_are_averaged(tmp_path, write_audio):
    stereo = np.array([[0.5, 0.25], [-0.5, 0.5]], np.float32)
    samples, _ = read_audio_file(write_audio(tmp_path / "a.wav", stereo, subtype="FLOAT"))
    assert samples.tolist() == [0.375, 0.0]


def test_more_than_one_block_is_read(tmp_path, write_audio):
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, 200_000).astype(np.int16)
    samples, _ = read_audio_file(write_audio(tmp_path / "a.flac", noise))
    assert (samples * 32768 == noise).all()


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_other_wav_codings_are_read(tmp_path, write_audio, subtype):
    wanted = np.linspace(-0.5, 0.5, 101)
    samples, _ = read_audio_file(write_audio(tmp_path / "a.wav", wanted, subtype=subtype))
    np.testing.assert_allclose(samples, wanted, atol=0.02)


def test_the_duration_comes_from_the_header(tmp_path, write_audio):
    assert audio_seconds(write_audio(tmp_path / "a.flac", np.zeros(4000), 8000)) == 0.5


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.fixture
def bad_files(tmp_path, write_audio):
    """Name -> a file that is no good."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("hello")
    loud = np.array([0, np.inf], np.float32)
    noise = np.random.default_rng(0).integers(-9999, 9999, 30_000).astype(np.int16)
    return {
        "fifo": tmp_path / "fifo",
        "folder": tmp_path,
        "device": "/dev/zero",
        "absent": tmp_path / "absent.wav",
        "empty": tmp_path / "empty.wav",
        "text": tmp_path / "text.wav",
        "nan": write_audio(tmp_path / "nan.wav", np.array([0, np.nan], np.float32), subtype="FLOAT"),
        "infinite": write_audio(tmp_path / "inf.wav", loud, subtype="FLOAT"),
        "huge": write_audio(tmp_path / "huge.wav", np.array([1e30]), subtype="DOUBLE"),
        "nine channels": write_audio(tmp_path / "nine.wav", np.zeros((10, 9), np.float32)),
        "cut wav": truncated(write_audio(tmp_path / "cut.wav", noise)),
        "cut flac": truncated(write_audio(tmp_path / "cut.flac", noise)),
        "ogg": write_audio(tmp_path / "a.ogg", np.zeros(800, np.float32), format="OGG"),
    }


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("fifo", "is not a regular file"),
        ("folder", "is not a regular file"),
        ("device", "is not a regular file"),
        ("absent", "No such file"),
        ("empty", "is empty"),
        ("text", "neither WAV nor FLAC"),
        ("nan", "not finite"),
        ("infinite", "not finite"),
        ("huge", "beyond 1000 times"),
        ("nine channels", "9 channels"),
        ("cut wav", "is truncated"),
        ("cut flac", "truncated or damaged|cannot be decoded"),
        ("ogg", "neither WAV nor FLAC"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_manifests_line(tmp_path, bad_files, name, complaint):
    manifest = tmp_path / "m.jsonl"
    write_manifest(manifest, [entry(bad_files[name])])
    with pytest.raises(ManifestError, match=complaint) as caught:
        read_audio(read_manifest(manifest)[0])
    assert str(caught.value).startswith(f"{manifest} line 1: audio_filepath = ")
    assert "\n" not in str(caught.value)


def test_features_are_no_audio():
    with pytest.raises(ManifestError, match="needs audio"):
        read_audio(entry("x", audio_filepath=None, features_filepath="x.mfc"))


def test_no_mutant_of_a_file_is_worse_than_refused(tmp_path, write_audio):
    """Flipped bytes and cuts anywhere: samples of the declared length, or a FileError, nothing else."""
    rng = np.random.default_rng(1)
    refused = 0
    for name in ("a.wav", "a.flac"):
        good = write_audio(tmp_path / name, (rng.standard_normal(600) * 0.1).astype(np.float32)).read_bytes()
        for _ in range(150):
            data = bytearray(good[: rng.integers(1, len(good) + 1)] if rng.random() < 0.3 else good)
            for position in rng.integers(0, min(len(data), 120), rng.integers(1, 4)):
                data[position] = rng.integers(256)
            (tmp_path / "mutant").write_bytes(data)
            try:
                samples, _ = read_audio_file(tmp_path / "mutant")
                assert np.isfinite(samples).all()
            except FileError:
                refused += 1
    assert 50 < refused < 300
