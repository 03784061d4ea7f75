"""A header is believed only as far as the file's own size supports it."""

import os
import struct

import pytest

from nnasim.errors import FileError
from workloads.audio.header import MAX_CHANNELS, MAX_SECONDS, read_header


def wav(data_bytes, *, declared=None, channels=1, rate=8000, codec=1, bits=16, block=None, before=b""):
    block = channels * bits // 8 if block is None else block
    fmt = struct.pack("<HHIIHH", codec, channels, rate, rate * block, block, bits)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + before
    chunks += b"data" + struct.pack("<I", data_bytes if declared is None else declared) + bytes(data_bytes)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def flac(frames, *, channels=1, rate=8000, longest_block=4096, padding=10_000):
    packed = rate << 44 | (channels - 1) << 41 | 15 << 36 | frames
    info = struct.pack(">HH", 16, longest_block) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + bytes([0x80, 0, 0, 34]) + info + bytes(padding)


@pytest.fixture
def header_of(tmp_path):
    def read(data):
        path = tmp_path / "audio"
        path.write_bytes(data)
        with path.open("rb") as file:
            header = read_header(file, path)
            assert file.tell() == 0
        return header

    return read


def test_a_wav_header_says_what_the_file_holds(header_of):
    header = header_of(wav(4 * 300, channels=2, rate=44_100))
    assert (header.container, header.sample_rate, header.channels, header.frames) == ("WAV", 44_100, 2, 300)
    assert header.seconds == 300 / 44_100


def test_chunks_between_format_and_data_are_skipped_with_their_padding(header_of):
    odd = b"LIST" + struct.pack("<I", 3) + b"abc" + b"\0"
    assert header_of(wav(200, before=odd)).frames == 100


def test_a_flac_header_says_what_the_file_holds(header_of):
    header = header_of(flac(12_345, channels=2, rate=16_000))
    assert (header.container, header.sample_rate, header.channels, header.frames) == ("FLAC", 16_000, 2, 12_345)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b"not audio at all", "neither WAV nor FLAC"),
        (b"RIFF\0\0\0\0WAVE", "no data chunk"),
        (wav(100)[:30], "cut off"),
        (wav(100)[:-10], "declares 100 bytes of audio and holds 90"),
        (wav(100, declared=0xFFFFFFFF), "declares 4294967295 bytes"),
        (wav(0), "holds no audio"),
        (wav(100, codec=0x55), "codec 0x0055"),
        (wav(100, bits=0), "0 bits"),
        (wav(100, block=7), "in 7 bytes"),
        (wav(100, channels=0, block=2), "0 x 16 bits"),
        (wav(18 * 10, channels=9), f"9 channels, 1 to {MAX_CHANNELS}"),
        (wav(100, rate=0), "0 samples a second"),
        (wav(100, rate=999), "999 samples a second"),
        (wav(100, rate=1_000_000), "1000000 samples a second"),
        (wav(2 * 1000 * (MAX_SECONDS + 1), rate=1000), f"at most {MAX_SECONDS:,} s"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 2000, "more than 1,000 chunks"),
        (b"RIFF\0\0\0\0WAVE" + b"data\4\0\0\0abcd", "before their format"),
        (flac(1000)[:20], "no STREAMINFO"),
        (flac(0), "does not declare its length"),
        (flac(8000 * 3600, padding=0), "more than 42 bytes can hold"),
        (flac(3600 * 384_000, rate=384_000, longest_block=65_535, padding=250_000), "48 kHz, 1 h"),
        (flac((1 << 36) - 1), "more than 10042 bytes can hold"),
    ],
)
def test_a_wrong_header_is_refused(header_of, data, complaint):
    with pytest.raises(FileError, match=complaint):
        header_of(data)


def test_an_hour_is_allowed_and_a_sample_more_is_not(tmp_path):
    path = tmp_path / "hour.wav"
    head = wav(0, rate=1000, bits=8, declared=0)[:-4]
    for frames, allowed in ((3_600_000, True), (3_600_001, False)):
        path.write_bytes(head + struct.pack("<I", frames))
        os.truncate(path, path.stat().st_size + frames)  # sparse: takes no disk
        with path.open("rb") as file:
            if allowed:
                assert read_header(file, path).seconds == MAX_SECONDS
            else:
                with pytest.raises(FileError, match="at most 3,600 s"):
                    read_header(file, path)
