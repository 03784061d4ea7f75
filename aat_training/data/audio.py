"""Audio of one utterance: regular WAV and FLAC files, decoded block by block, mixed down to mono.

Needs no torch: a bad file is refused before 500 MB of libraries are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from aat_training.data.manifest import Entry
from nnasim import files
from nnasim.errors import FileError
from workloads.audio.header import AudioHeader, read_header

_BLOCK_FRAMES = 1 << 16
# Full scale is 1. Beyond this a float file is not audio, and its power spectrum would leave float32.
LOUDEST = 1000.0

Samples = NDArray[np.float32]
Type = Literal["float32", "int16", "int32"]
Span = Callable[[int, int], tuple[int, int]]  # (samples, rate) -> first, last (exclusive)


def _whole(count: int, rate: int) -> tuple[int, int]:
    return 0, count


def read_audio(entry: Entry) -> tuple[Samples, int]:
    """``entry``'s audio, cut out of its file: float32 [T] mono, full scale 1, and its sample rate in Hz.

    Raises ManifestError with the manifest's line: not audio at all (features), an offset behind its end, or what
    ``read_audio_file`` refuses.
    """
    with audio_blocks(entry) as (blocks, rate):
        return np.concatenate([np.empty(0, np.float32), *blocks]), rate


@contextmanager
def audio_blocks(entry: Entry) -> Iterator[tuple[Iterator[Samples], int]]:
    """The audio of ``read_audio`` in blocks, and its sample rate in Hz: none is held but the one that is asked for.

    Raises what ``read_audio`` raises; damage where the blocks come to it.
    """
    try:
        if entry.audio_filepath is None:
            raise FileError(entry.path, "are features, and this needs audio (audio_filepath)")
        with files.open_regular(entry.path) as file:
            header = read_header(file, entry.path)
            first, last = entry.span(header.frames, header.sample_rate)
            # One of many in a long file is decoded alone; a file that is one utterance, to its end, damage or not.
            end = header.frames if entry.offset is None else last
            blocks = _decode(file, header, entry.path, (first, end))
            yield _cut(blocks, last - first), header.sample_rate
    except FileError as error:
        raise entry.refuse(error) from None


def _cut(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """The first ``count`` samples of ``blocks``, all of which are read."""
    for block in blocks:
        if count > 0:
            yield block[:count]
        count -= len(block)


def read_audio_file(path: str | Path, span: Span = _whole) -> tuple[Samples, int]:
    """A WAV or FLAC file: float32 [T] mono (mean of the channels), full scale 1, and its sample rate in Hz.

    ``span``: which of its samples, given their number and rate; only these are decoded.

    Raises FileError: not a regular file, empty, not audio, truncated, over one hour or 8 channels, or a sample that
    is not finite or beyond 1000 times full scale. The header is checked against the file's size before decoding.
    """
    with files.open_regular(path) as file:
        return decoded_audio(file, path, span)


def decoded_audio(file: BinaryIO, path: str | Path, span: Span = _whole) -> tuple[Samples, int]:
    """``read_audio_file`` of an open ``file``, on disk or in memory; messages name ``path``."""
    header = read_header(file, path)
    first, last = span(header.frames, header.sample_rate)
    samples, done = np.empty(last - first, np.float32), 0
    for block in _decode(file, header, path, (first, last)):
        samples[done : done + len(block)] = block
        done += len(block)
    return samples, header.sample_rate


def _decode(file: BinaryIO, header: AudioHeader, path: str | Path, span: tuple[int, int]) -> Iterator[Samples]:
    """The blocks of ``span``, mixed down."""
    for block in sample_blocks(file, header, path, span):
        yield block.mean(axis=1, dtype=np.float64).astype(np.float32)


def sample_blocks(
    file: BinaryIO, header: AudioHeader, path: str | Path, span: tuple[int, int], dtype: Type = "float32"
) -> Iterator[NDArray[Any]]:
    """Blocks [T, channels] of ``span``, which lies within what the ``header`` of ``file`` says.

    ``dtype``: float32 (full scale 1), or integers (their own). Raises FileError as ``read_audio_file`` does.
    """
    try:
        yield from _blocks(file, header, path, span, dtype)
    except soundfile.SoundFileError as error:
        why = getattr(error, "error_string", error)  # without the prefix, which shows a Python object
        raise FileError(path, f"cannot be decoded: truncated or damaged ({why})") from None


def _blocks(
    file: BinaryIO, header: AudioHeader, path: str | Path, span: tuple[int, int], dtype: Type
) -> Iterator[NDArray[Any]]:
    first, last = span
    done, count = 0, last - first
    file.seek(0)
    with soundfile.SoundFile(file) as audio:
        if (audio.samplerate, audio.channels, audio.frames) != (
            header.sample_rate, header.channels, header.frames,
        ):  # fmt: skip
            raise FileError(path, f"contradicts its own {header.container} header")
        if first:
            audio.seek(first)
        while len(block := audio.read(min(_BLOCK_FRAMES, count - done), dtype=dtype, always_2d=True)):
            if dtype == "float32" and not np.all(np.abs(block) <= LOUDEST):  # false for NaN too
                raise FileError(path, f"has a sample that is not finite or beyond {LOUDEST:g} times full scale")
            done += len(block)
            yield block
    if done != count:
        raise FileError(path, f"is truncated or damaged: {first + done} of {header.frames} samples can be decoded")


def audio_seconds(path: str | Path, span: Span = _whole) -> float:
    """Duration of a WAV or FLAC file, or of a ``span`` of it, in seconds, from its checked header. Raises FileError."""
    with files.open_regular(path) as file:
        header = read_header(file, path)
    first, last = span(header.frames, header.sample_rate)
    return (last - first) / header.sample_rate


def audio_rate(path: str | Path) -> int:
    """Sample rate in Hz of a WAV or FLAC file, from its checked header. Raises FileError."""
    with files.open_regular(path) as file:
        return read_header(file, path).sample_rate
