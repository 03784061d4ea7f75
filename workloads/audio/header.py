"""The header of a WAV or FLAC file, trusted only as far as the file's own size supports it.

Pure Python, nothing is allocated: a header that claims hours is refused from its first bytes. The layouts are those of
the RIFF WAVE specification (IBM and Microsoft, 1991) and of RFC 9639 (FLAC).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import BinaryIO

from nnasim import limits
from nnasim.errors import FileError

MAX_SECONDS = limits.AUDIO_SECONDS
MAX_CHANNELS = limits.AUDIO_CHANNELS
MAX_FRAMES = limits.AUDIO_FRAMES
SAMPLE_RATES = (1_000, 384_000)
_MAX_CHUNKS = limits.AUDIO_CHUNKS
_WAV_CODECS = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law", 0xFFFE: "extensible"}
# The smallest frame RFC 9639 allows: 6 bytes of header, a one-channel constant subframe of 2, a checksum of 2.
_SMALLEST_FLAC_FRAME_BYTES = 10


@dataclass(frozen=True)
class AudioHeader:
    """Declared content: ``frames`` sample times of ``channels`` values at ``sample_rate`` [Hz]."""

    container: str
    sample_rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.sample_rate


def read_header(file: BinaryIO, path: str | Path) -> AudioHeader:
    """The header of an open WAV or FLAC file; the file is left at its start.

    Raises FileError: empty, neither WAV nor FLAC, declares more audio than the file holds, longer than one hour (or
    than an hour's samples at 48 kHz), more than 8 channels, or a sample rate outside 1 kHz to 384 kHz.
    """
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise FileError(path, "is empty")
    file.seek(0)
    magic = file.read(12)
    if magic[:4] == b"RIFF" and magic[8:] == b"WAVE":
        header = _wav(file, size, path)
    elif magic[:4] == b"fLaC":
        header = _flac(file, size, path)
    else:
        raise FileError(path, "is neither WAV nor FLAC audio")
    file.seek(0)
    return _within_limits(header, path)


def _within_limits(header: AudioHeader, path: str | Path) -> AudioHeader:
    low, high = SAMPLE_RATES
    if not low <= header.sample_rate <= high:
        raise FileError(path, f"has {header.sample_rate} samples a second, {low} to {high} are allowed")
    if not 1 <= header.channels <= MAX_CHANNELS:
        raise FileError(path, f"has {header.channels} channels, 1 to {MAX_CHANNELS} are allowed")
    if header.frames == 0:
        raise FileError(path, "holds no audio")
    if header.frames > MAX_SECONDS * header.sample_rate:
        raise FileError(path, f"declares {header.seconds:,.0f} s of audio, at most {MAX_SECONDS:,} s are allowed")
    if header.frames > MAX_FRAMES:
        raise FileError(path, f"declares {header.frames:,} samples, at most {MAX_FRAMES:,} (48 kHz, 1 h) are allowed")
    return header


def _wav(file: BinaryIO, size: int, path: str | Path) -> AudioHeader:
    """The header of a WAV file, whose ``data`` chunk, wherever it is, must lie wholly inside the file."""
    block_bytes = channels = rate = 0
    for name, start, length in _chunks(file, path):
        if name == b"fmt ":
            block_bytes, channels, rate = _wav_format(file.read(16), path)
        elif name == b"data":
            if not block_bytes:
                raise FileError(path, "is a WAV file whose data come before their format")
            if length > size - start:
                raise FileError(path, f"is truncated: it declares {length} bytes of audio and holds {size - start}")
            return AudioHeader("WAV", rate, channels, length // block_bytes)
    raise FileError(path, "is a truncated WAV file: it holds no data chunk")


def _chunks(file: BinaryIO, path: str | Path) -> Iterator[tuple[bytes, int, int]]:
    """(name, first byte, length) of each RIFF chunk; the file is positioned at the first byte."""
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = unpack("<4sI", head)
        yield name, position + 8, length
        position += 8 + length + length % 2  # chunks are padded to an even length
    raise FileError(path, f"is a WAV file of more than {_MAX_CHUNKS:,} chunks")


def _wav_format(chunk: bytes, path: str | Path) -> tuple[int, int, int]:
    """(bytes of one sample time, channels, rate) from a ``fmt `` chunk."""
    if len(chunk) < 16:
        raise FileError(path, "is a truncated WAV file: its format is cut off")
    codec, channels, rate, _, block_bytes, bits = unpack("<HHIIHH", chunk)
    if codec not in _WAV_CODECS:
        raise FileError(path, f"is a WAV file of codec {codec:#06x}, only uncompressed audio is read")
    if bits == 0 or bits % 8 or block_bytes != channels * bits // 8 or block_bytes == 0:
        why = f"is a WAV file of {channels} x {bits} bits in {block_bytes} bytes, not of whole bytes for each channel"
        raise FileError(path, why)
    return block_bytes, channels, rate


def _flac(file: BinaryIO, size: int, path: str | Path) -> AudioHeader:
    """The header of a FLAC file: it must declare a length, and no more than frames of the smallest size could hold."""
    file.seek(4)
    block = file.read(4 + 34)
    if len(block) < 38 or block[0] & 0x7F != 0:
        raise FileError(path, "is a truncated FLAC file: it holds no STREAMINFO block")
    longest_block = unpack(">H", block[6:8])[0]
    packed = int.from_bytes(block[14:22], "big")  # 20 bits rate, 3 channels - 1, 5 bits - 1, 36 length
    frames = packed & (1 << 36) - 1
    header = AudioHeader("FLAC", packed >> 44, (packed >> 41 & 7) + 1, frames)
    if frames == 0:
        raise FileError(path, "is a FLAC file that does not declare its length, or holds no audio")
    if frames > size // _SMALLEST_FLAC_FRAME_BYTES * longest_block:
        raise FileError(path, f"is truncated: it declares {frames} samples, more than {size} bytes can hold")
    return header
