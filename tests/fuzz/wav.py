"""Mutants of a WAV file: its chunks and its format, changed alone or so that they agree with one another."""

from __future__ import annotations

import random
import struct
from typing import NamedTuple

from tests.fuzz.mutation import FEW, of_bytes

_FORMAT = struct.Struct("<HHIIHH")  # codec, channels, rate, bytes a second, bytes of a sample time, bits
_CODINGS = (
    (1, 8),
    (1, 16),
    (1, 24),
    (1, 32),
    (3, 32),
    (3, 64),
    (6, 8),
    (7, 8),
    (1, 12),
    (3, 16),
    (2, 4),
    (17, 4),
    (85, 0),
)
_RATES = (0, 1, 999, 1000, 7999, 8000, 11025, 44100, 48000, 384000, 384001, 2**31, 2**32 - 1)
_CHANNELS = (0, 1, 1, 2, 2, 3, 8, 9, 255, 65535)
_GUID = bytes.fromhex("000000001000800000aa00389b71")  # of every codec that has a number, behind it
_EXTENSIBLE = 0xFFFE
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 999.0, 1001.0, 3e38, -3e38, 1e-45, float("nan"), float("inf"))


class Chunk(NamedTuple):
    """``said``: the length in its head; None: its own."""

    name: bytes
    content: bytes
    said: int | None = None


def of_wav(data: bytes, rng: random.Random) -> bytes:
    """One to three changes of the format, of the chunks, or of the samples."""
    chunks = parsed(data)
    for _ in range(rng.choice(FEW)):
        rng.choice((_change_format, _change_format, _change_chunks, _change_samples))(chunks, rng)
    whole = packed(chunks)
    return whole if rng.random() < 0.9 else whole[:4] + rng.randbytes(4) + whole[8:]


def parsed(data: bytes) -> list[Chunk]:
    """The chunks behind the twelve bytes that say what the file is."""
    chunks, place = [], 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        chunks.append(Chunk(name, data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2
    return chunks


def packed(chunks: list[Chunk]) -> bytes:
    """The file of them."""
    body = b"".join(
        struct.pack("<4sI", name, len(content) if said is None else said) + content + b"\0" * (len(content) % 2)
        for name, content, said in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def _change_format(chunks: list[Chunk], rng: random.Random) -> None:
    """Another coding, another rate or number of channels, all fields of which agree; or one field alone."""
    place = next(number for number, chunk in enumerate(chunks) if chunk.name == b"fmt ")
    codec, channels, rate, each_second, block, bits = _FORMAT.unpack_from(chunks[place].content)
    match rng.randrange(5):
        case 0:
            codec, bits = rng.choice(_CODINGS)
        case 1:
            channels = rng.choice(_CHANNELS)
        case 2:
            rate = rng.choice(_RATES)
        case 3:
            fields = [codec, channels, rate, each_second, block, bits]
            alone = rng.randrange(6)
            fields[alone] = rng.choice((0, 1, fields[alone] + 1, 2 * fields[alone], 65535)) & 65535
            chunks[place] = Chunk(b"fmt ", _FORMAT.pack(*fields) + chunks[place].content[16:])
            return
    block = channels * bits // 8 & 65535
    fields = [codec, channels, rate, rate * block & 2**32 - 1, block, bits]
    chunks[place] = Chunk(b"fmt ", _extensible(fields, rng) if rng.random() < 0.4 else _FORMAT.pack(*fields))


def _extensible(fields: list[int], rng: random.Random) -> bytes:
    valid = rng.choice((fields[-1], fields[-1], 0, 1, fields[-1] + 1, 65535)) & 65535
    mask = rng.choice((0, 3, 4, 2**32 - 1))
    codec = struct.pack("<H", rng.choice((fields[0], fields[0], fields[0], 0, 17)))
    guid = rng.choice((_GUID, _GUID, _GUID, rng.randbytes(14)))
    return _FORMAT.pack(_EXTENSIBLE, *fields[1:]) + struct.pack("<HHI", 22, valid, mask) + codec + guid


def _change_chunks(chunks: list[Chunk], rng: random.Random) -> None:
    place, other = rng.randrange(len(chunks)), rng.randrange(len(chunks))
    name, content, _ = chunks[place]
    match rng.randrange(7):
        case 0 if len(chunks) > 1:
            del chunks[place]
        case 1:
            chunks.insert(other, chunks[place])
        case 2:
            chunks[place], chunks[other] = chunks[other], chunks[place]
        case 3:
            chunks[place] = Chunk(
                name, content, rng.choice((0, 1, len(content) - 1, len(content) + 1, 2**31, 2**32 - 1))
            )
        case 4:
            chunks[place] = Chunk(name, content[: rng.choice((0, 1, 2, 15, len(content) // 2))])
        case 5:
            kind = rng.choice(
                (b"LIST", b"fact", b"cue ", b"bext", b"id3 ", b"PEAK", b"smpl", b"JUNK", b"\0\0\0\0", b"data")
            )
            chunks.insert(place, Chunk(kind, rng.randbytes(rng.choice((0, 3, 4, 40)))))
        case _:
            chunks[place] = Chunk(name, of_bytes(content, rng))


def _change_samples(chunks: list[Chunk], rng: random.Random) -> None:
    """Numbers of floating point, of 32 or of 64 bits, some of which are special; the format says so."""
    width = rng.choice((4, 8))
    values = [rng.choice(_SPECIAL) if rng.random() < 0.001 else rng.uniform(-1, 1) for _ in range(2000)]
    content = struct.pack(f"<{len(values)}{'f' if width == 4 else 'd'}", *values)
    fields = _FORMAT.pack(3, 1, 8000, 8000 * width, width, 8 * width)
    chunks[:] = [Chunk(b"fmt ", fields), Chunk(b"data", content)]
