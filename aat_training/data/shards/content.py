"""The file that an utterance becomes in a shard: the very bytes of its own file, or the cut of it without loss."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import soundfile

from aat_training.data.audio import Type, sample_blocks
from aat_training.data.cepstra import FRAMES_PER_SECOND, Cepstra, read_mfc
from aat_training.data.manifest import Entry
from aat_training.data.shards.layout import MOST_BYTES
from nnasim import files
from nnasim.errors import FileError
from workloads.audio.header import AudioHeader, read_header

# What a FLAC file keeps exactly, by the type of the samples in the source; the rest are kept as float32 in WAV, which
# is what training reads of them.
_IN_16_BITS = ("PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW")
_IN_24_BITS = ("PCM_24",)


@dataclass(frozen=True)
class Content:
    """``data``: a whole file; ``suffix``: ``flac``, ``wav`` or ``mfc``; ``seconds``: how long it is."""

    data: bytes
    suffix: str
    seconds: float


def content_of(entry: Entry) -> Content:
    """The utterance as a file of its own, from which training computes the same features, bit for bit.

    Raises ManifestError with the manifest's line.
    """
    try:
        return _audio(entry) if entry.audio_filepath is not None else _cepstra(entry)
    except FileError as error:
        raise entry.refuse(error) from None


def _audio(entry: Entry) -> Content:
    with files.open_regular(entry.path) as file:
        header = read_header(file, entry.path)
        first, last = span = entry.span(header.frames, header.sample_rate)
        seconds = (last - first) / header.sample_rate
        if span != (0, header.frames):
            return _cut(entry, file, header, span, seconds)
        for _ in sample_blocks(file, header, entry.path, span):  # damage is told now, and not in the middle of training
            pass
        file.seek(0)
        data = files.read_up_to(file, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large(entry)
    return Content(data, header.container.lower(), seconds)


def _too_large(entry: Entry) -> FileError:
    return FileError(entry.path, f"has more than {MOST_BYTES:,} bytes, too many for one utterance of a shard")


def _cut(entry: Entry, file: BinaryIO, header: AudioHeader, span: tuple[int, int], seconds: float) -> Content:
    """The samples of ``span`` as a file of its own, block by block: of hours no more is held than what is kept."""
    out = io.BytesIO()
    suffix, subtype, dtype = _kept(_subtype(file, entry.path))
    with soundfile.SoundFile(
        out, "w", header.sample_rate, header.channels, subtype, format=suffix.upper()
    ) as kept:  # fmt: skip
        for block in sample_blocks(file, header, entry.path, span, dtype):
            kept.write(block)
            if out.tell() > MOST_BYTES:
                raise _too_large(entry)
    return Content(out.getvalue(), suffix, seconds)


def _subtype(file: BinaryIO, path: Path) -> str:
    try:
        with soundfile.SoundFile(file) as audio:
            return str(audio.subtype)
    except soundfile.SoundFileError as error:
        why = getattr(error, "error_string", error)
        raise FileError(path, f"cannot be decoded: truncated or damaged ({why})") from None


def _kept(subtype: str) -> tuple[str, str, Type]:
    """Container, type of the samples in it, and as what they are read."""
    if subtype in _IN_16_BITS:
        return "flac", "PCM_16", "int16"
    return ("flac", "PCM_24", "int32") if subtype in _IN_24_BITS else ("wav", "FLOAT", "float32")


def _cepstra(entry: Entry) -> Content:
    rows = read_mfc(entry.path)
    first, last = entry.span(len(rows), FRAMES_PER_SECOND)
    return Content(_mfc(rows[first:last]), "mfc", (last - first) / FRAMES_PER_SECOND)


def _mfc(rows: Cepstra) -> bytes:
    return rows.size.to_bytes(4, "big") + rows.astype(">f4").tobytes()
