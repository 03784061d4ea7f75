"""Mutants of a FLAC file with right checksums (RFC 9639): what its decoder does not refuse at once reaches what comes
behind it.
"""

from __future__ import annotations

import io
import random
from itertools import pairwise

import numpy as np
import soundfile

from tests.fuzz.mutation import FEW, of_bytes

Block = tuple[int, bytes]  # type, content
_STREAMINFO = (16, 16, 24, 24, 20, 3, 5, 36, 128)  # bits: blocks, frames, rate, channels - 1, bits - 1, samples, MD5
_FRAME_FIELDS = {"reserved": (17, 1), "blocking": (16, 1), "block size": (12, 4), "rate": (8, 4), "channels": (4, 4),
                 "sample size": (1, 3), "last bit": (0, 1)}  # fmt: skip  # first bit and bits, of the first 32
_BEHIND = {6: 1, 7: 2}, {12: 1, 13: 2, 14: 2}  # bytes behind the number, by the codes of block size and of rate


def of_flac(data: bytes, rng: random.Random) -> bytes:
    """One to three changes of metadata, of frames' heads and contents with their checksums, or of the frames' order.

    One of three begins with, and half of these are, another sound: of other loudness, rate, channels and bits.
    """
    if rng.random() < 1 / 3:
        data = _other_sound(rng)
        if rng.random() < 0.5:
            return data
    blocks, frames = parsed(data)
    for _ in range(rng.choice(FEW)):
        match rng.randrange(4):
            case 0:
                _change_blocks(blocks, rng)
            case 1:
                _change_frames(frames, rng)
            case _:
                place = rng.randrange(len(frames))
                change = rng.choice((_other_head, _other_content))
                frames[place] = change(frames[place], rng)
    return packed(blocks, frames)


def parsed(data: bytes) -> tuple[list[Block], list[bytes]]:
    """The blocks of metadata, and the frames: each begins where a head stands whose checksum is right."""
    blocks, place, last = [], 4, False
    while not last:
        last, size = data[place] > 127, int.from_bytes(data[place + 1 : place + 4], "big")
        blocks.append((data[place] & 127, data[place + 4 : place + 4 + size]))
        place += 4 + size
    starts = [at for at in range(place, len(data) - 6) if data[at] == 255 and data[at + 1] & 0xFE == 0xF8]
    starts = [at for at in starts if _crc(data[at : at + (size := _head_size(data[at:]))], 8) == data[at + size]]
    return blocks, [data[begin:end] for begin, end in pairwise([*starts, len(data)])]


def packed(blocks: list[Block], frames: list[bytes]) -> bytes:
    """The file of them; the last block says that it is."""
    heads = [bytes([kind | (number == len(blocks) - 1) << 7]) for number, (kind, _) in enumerate(blocks)]
    contents = [len(content).to_bytes(4, "big")[1:] + content for _, content in blocks]
    return b"".join([b"fLaC", *(h + c for h, c in zip(heads, contents, strict=True)), *frames])


def _other_sound(rng: random.Random) -> bytes:
    encoded = io.BytesIO()
    count, channels = rng.choice((1, 15, 4096, 9001)), rng.choice((1, 1, 2, 3, 8))
    loudness = rng.choice((0.0, 1e-5, 0.5, 1.0))
    noise = np.random.default_rng(rng.getrandbits(32)).uniform(-loudness, loudness, (count, channels))
    rate, subtype = rng.choice((1000, 8000, 16000, 44100, 192000)), rng.choice(("PCM_S8", "PCM_16", "PCM_24"))
    soundfile.write(encoded, np.rint(noise) if rng.random() < 0.2 else noise, rate, format="FLAC", subtype=subtype)
    return encoded.getvalue()


def _change_blocks(blocks: list[Block], rng: random.Random) -> None:
    place = rng.randrange(len(blocks))
    kind, content = blocks[place]
    match rng.randrange(5):
        case 0 | 1:
            blocks[0] = (blocks[0][0], _other_streaminfo(blocks[0][1], rng))
        case 2:
            blocks[place] = (kind, of_bytes(content, rng))
        case 3:
            blocks.insert(rng.randrange(len(blocks) + 1), (rng.randrange(128), rng.randbytes(rng.choice((0, 4, 40)))))
        case _:
            blocks[place] = (rng.randrange(7), content)


def _other_streaminfo(content: bytes, rng: random.Random) -> bytes:
    field = rng.randrange(len(_STREAMINFO))
    shift, bits = sum(_STREAMINFO[field + 1 :]), _STREAMINFO[field]
    whole, most = int.from_bytes(content, "big"), (1 << bits) - 1
    value = whole >> shift & most
    new = rng.choice((0, 1, most, value + 1, value - 1, 2 * value, value // 2, rng.getrandbits(bits))) & most
    return (whole ^ (value ^ new) << shift).to_bytes(len(content), "big")


def _change_frames(frames: list[bytes], rng: random.Random) -> None:
    place, other = rng.randrange(len(frames)), rng.randrange(len(frames))
    match rng.randrange(4):
        case 0:
            del frames[place : place + rng.choice((1, 1, 1000))]
        case 1:
            frames[place], frames[other] = frames[other], frames[place]
        case 2:
            frames[place:place] = [frames[other]] * rng.choice((1, 3))
        case _:
            frames.insert(place, rng.choice((b"\0", b"fLaC", b"ID3\4" + bytes(6), rng.randbytes(40))))
    if not frames:
        frames.append(b"")


def _other_head(frame: bytes, rng: random.Random) -> bytes:
    """One field changed; what the field says to follow follows."""
    size = _head_size(frame)
    bits, number = int.from_bytes(frame[:4], "big"), frame[4 : 4 + _number_size(frame)]
    if rng.random() < 0.2:
        number = rng.choice((b"\0", b"\x7f", b"\xc2\x80", b"\xfe\xbf\xbf\xbf\xbf\xbf\xbf", b"\x80"))
    else:
        first, width = _FRAME_FIELDS[rng.choice(sorted(_FRAME_FIELDS))]
        bits ^= rng.randrange(1, 1 << width) << first
    behind = sum(each.get(bits >> first & 15, 0) for each, first in zip(_BEHIND, (12, 8), strict=True))
    head = bits.to_bytes(4, "big") + number + rng.randbytes(behind)
    return _checked(head + bytes([_crc(head, 8)]) + frame[size + 1 :])


def _other_content(frame: bytes, rng: random.Random) -> bytes:
    """The samples' bits changed, often those at the front, which say how the rest is coded."""
    begin = _head_size(frame) + 1
    end = begin + rng.choice((1, 4, 16, len(frame)))
    return _checked(frame[:begin] + of_bytes(frame[begin:end], rng) + frame[end:])


def _head_size(frame: bytes) -> int:
    """Bytes of a frame's head before its checksum."""
    codes = frame[2] >> 4, frame[2] & 15
    return 4 + _number_size(frame) + sum(each.get(code, 0) for each, code in zip(_BEHIND, codes, strict=True))


def _number_size(frame: bytes) -> int:
    """Bytes of the frame's number, coded as UTF-8 codes a character."""
    return max(1, 8 - (~frame[4] & 255).bit_length())


def _checked(frame: bytes) -> bytes:
    return frame[:-2] + _crc(frame[:-2], 16).to_bytes(2, "big")


def _crc(data: bytes, bits: int) -> int:
    table, crc = _TABLES[bits], 0
    for byte in data:
        crc = (crc << 8 ^ table[crc >> bits - 8 ^ byte]) & (1 << bits) - 1
    return crc


def _table(bits: int, polynomial: int) -> list[int]:
    """The checksum of each byte, one bit after the other."""
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
        table.append(crc)
    return table


_TABLES = {8: _table(8, 0x107), 16: _table(16, 0x18005)}
