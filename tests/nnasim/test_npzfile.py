"""NumPy's archives: what numpy writes is read; what is truncated, packed to burst, or no array is one line."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnasim.errors import NnasimError
from nnasim.npzfile import LARGEST_UNPACKED, MOST_ARRAYS, read_npz


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(shape: tuple[int, ...], body: bytes, descr: str = "<f4") -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


@pytest.mark.parametrize("written", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path: Path, written) -> None:
    arrays = {"x": np.arange(6.0).reshape(2, 3), "flags": np.array([True]), "n": np.array(3, np.int16)}
    arrays["by_column"] = np.asfortranarray(arrays["x"])
    written(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype


def test_objects_are_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], object))
    with pytest.raises(NnasimError, match="must hold numbers"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (npy((2, 2), b"\0" * 12), "declares a size other than its 12 bytes"),
        (npy((2**40,), b"\0" * 4), "declares a size other than"),
        (npy((-1, -1), b"\0" * 4), "not an .npz file"),
        (npy((1,), b"\0\0\x80\x7f"), "NaN or infinity"),
        (npy((1,), b"\0" * 8, "<c8"), "must hold numbers"),
        (b"nothing", "not an .npz file"),
        (b"\x93NUMPY\x07\x00" + b"\0" * 60, "version"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 5000) + b"-" * 5000, "not an .npz file"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 5000) + b"(" * 5000, "not an .npz file"),
        (npy((1,), b"\0" * 4).replace(b"'<f4'", b"[[[[]"), "not an .npz file"),
        (npy((1,), b"\0" * 4).replace(b"'<f4'", b"[1,2]"), "not an .npz file"),
        (npy((1,), b"\0" * 4).replace(b"descr", b"de\0cr"), "not an .npz file"),
    ],
)
def test_what_is_no_array_is_one_line(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(NnasimError, match=why):
        read_npz(archive(tmp_path / "a.npz", x=content))


def test_a_truncated_archive_and_another_file_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(1000))
    whole = (tmp_path / "a.npz").read_bytes()
    for number, content in enumerate([whole[:500], whole[:-10], b"", b"RIFF0000WAVEfmt "]):
        (tmp_path / f"{number}.npz").write_bytes(content)
        with pytest.raises(NnasimError, match="npz"):
            read_npz(tmp_path / f"{number}.npz")


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(1000))
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    whole[400] ^= 1
    (tmp_path / "a.npz").write_bytes(whole)
    with pytest.raises(NnasimError, match="CRC"):
        read_npz(tmp_path / "a.npz")


def test_what_would_unfold_beyond_the_limit_is_not_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO(npy((LARGEST_UNPACKED // 4,), bytes(LARGEST_UNPACKED))).getbuffer()
    with pytest.raises(NnasimError, match="unpacked bytes"):
        read_npz(archive(tmp_path / "a.npz", x=bytes(content)))


def test_a_name_that_stands_there_twice_and_too_many_names_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("x.npy", npy((1,), b"\0" * 4))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("x.npy", npy((1,), b"\0" * 4))
    with pytest.raises(NnasimError, match="is there twice"):
        read_npz(tmp_path / "a.npz")
    with pytest.raises(NnasimError, match="at most"):
        read_npz(archive(tmp_path / "b.npz", **{f"x{number}": b"" for number in range(MOST_ARRAYS + 1)}))
