"""Sphinx cepstra: big-endian, checked against the file's own size."""

import math
import struct

import numpy as np
import pytest

from aat_training.data.cepstra import read_mfc, with_deltas
from nnasim.errors import FileError


def mfc(rows, count=None):
    flat = np.asarray(rows, ">f4").ravel()
    return struct.pack(">I", len(flat) if count is None else count) + flat.tobytes()


def test_cepstra_are_big_endian_rows_of_13(tmp_path):
    rows = np.arange(39, dtype=np.float32).reshape(3, 13)
    (tmp_path / "a.mfc").write_bytes(mfc(rows))
    read = read_mfc(tmp_path / "a.mfc")
    assert read.dtype == np.float32
    assert read.dtype.isnative
    assert np.array_equal(read, rows)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b"\0\0", "truncated or no cepstra"),
        (mfc(np.zeros(13))[:-1], "55 bytes where 56 belong"),
        (mfc(np.zeros(13), count=26), "56 bytes where 108 belong"),
        (mfc(np.zeros(13), count=0xFFFFFFFF), "truncated"),
        (mfc(np.zeros(0)), "0 floats"),
        (mfc(np.zeros(14)), "14 floats"),
        (mfc([math.nan] * 13), "not finite"),
        (mfc([1e20] * 13), "beyond 1e6"),
        (struct.pack("<I", 13) + bytes(52), "truncated or no cepstra"),
    ],
)
def test_a_wrong_cepstra_file_is_refused(tmp_path, data, complaint):
    (tmp_path / "a.mfc").write_bytes(data)
    with pytest.raises(FileError, match=complaint):
        read_mfc(tmp_path / "a.mfc")


def test_deltas_look_back_only():
    rows = np.random.default_rng(0).standard_normal((9, 13)).astype(np.float32)
    both = with_deltas(rows)
    assert both.shape == (9, 26)
    assert np.array_equal(both[:, :13], rows)
    assert np.array_equal(both[5, 13:], rows[5] - rows[3])
    assert not both[0, 13:].any()
    assert np.array_equal(with_deltas(rows[:4]), both[:4])
