"""Mutants that keep a file's structure: a file taken apart and packed is the same, and what is bound to one fits it."""

import hashlib
import io
import json
import random
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("optuna", reason="optuna is not installed")

import numpy as np
import soundfile

from tests.fuzz import bound, flac, tensors, wav
from tests.fuzz.judge import Table
from tests.fuzz.readers import READERS, Reader


def reader(name: str) -> Reader:
    return next(each for each in READERS if each.name == name)


def test_a_file_taken_apart_and_packed_is_the_same(seeds: Path) -> None:
    sound, other = (seeds / "speech0.flac").read_bytes(), (seeds / "speech1.wav").read_bytes()
    assert flac.packed(*flac.parsed(sound)) == sound
    assert wav.packed(wav.parsed(other)) == other
    numbers = (seeds / "chip/model.safetensors").read_bytes()
    assert tensors.parsed(tensors.packed(*tensors.parsed(numbers))) == tensors.parsed(numbers)


def test_a_flac_file_has_all_its_frames(seeds: Path) -> None:
    sound = (seeds / "speech0.flac").read_bytes()
    frames, count = flac.parsed(sound)[1], soundfile.info(io.BytesIO(sound)).frames
    assert len(frames) == -(-count // 4096)


def test_a_frame_with_other_content_has_right_checksums(seeds: Path) -> None:
    """With a wrong one the decoder would give silence, or refuse; the content alone decides what it gives."""
    sound = (seeds / "speech0.flac").read_bytes()
    blocks, frames = flac.parsed(sound)
    changed = bytearray(frames[0])
    changed[len(changed) // 2] ^= 1
    mutant = flac.packed(blocks, [flac._checked(bytes(changed)), *frames[1:]])
    before, after = (soundfile.read(io.BytesIO(data), dtype="int16")[0] for data in (sound, mutant))
    assert np.any(before[:4096] != after[:4096])
    assert np.array_equal(before[4096:], after[4096:])


def test_weights_with_other_numbers_are_read_not_only_compared(seeds: Path) -> None:
    table, each = Table(seeds), reader("weights")
    numbers = bytearray(table.whole(each))
    numbers[-1] ^= 0x80  # a sign
    assert table.judged(each, bytes(numbers)).kind == "result"
    assert "is not the digest" in table.judged(each._replace(bind=lambda folder: None), bytes(numbers)).why


@pytest.mark.parametrize("name", ["flac", "wav", "weights", "checkpoint", "shard", "training state"])
def test_some_mutants_are_read_to_their_end(name: str, seeds: Path) -> None:
    table, each, rng = Table(seeds), reader(name), random.Random(1)
    whole = table.whole(each)
    mutants = (each.mutate(whole, rng) for _ in range(60))
    assert any(mutant != whole and table.judged(each, mutant).kind == "result" for mutant in mutants)


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"byte_offset": 0.5, "bytes": 1, "digest": "0123456789abcdef"}'])
def test_a_line_that_names_no_place_stays_as_it_is(line: bytes) -> None:
    assert bound._with_digest(line, b"tar") == line


def test_a_line_gets_the_digest_of_what_stands_at_its_place() -> None:
    line = b'{"byte_offset": 1, "bytes": 2, "digest": "0123456789abcdef"}'
    assert json.loads(bound._with_digest(line, b"tar"))["digest"] == hashlib.sha256(b"ar").hexdigest()[:16]
