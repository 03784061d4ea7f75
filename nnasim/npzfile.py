"""NumPy's .npz files: arrays by name. Nothing is unpickled, and a declared size is checked before anything is
unpacked.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.lib.format
from numpy.typing import NDArray

from nnasim import filekind, files, limits
from nnasim.errors import NOT_GIVEN, InputError

LARGEST_FILE = limits.ARRAYS_BYTES
LARGEST_UNPACKED = limits.ARRAYS_UNPACKED_BYTES
MOST_ARRAYS = limits.ARRAYS_COUNT
LONGEST_HEADER = limits.ARRAY_HEADER_BYTES
_ENTRY = b"PK\x01\x02"  # how a ZIP archive's list of contents begins each line
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # as numpy writes
npy: Any = numpy.lib.format  # without type hints of its own
_LENGTHS = {(1, 0): "<H", (2, 0): "<I"}  # of a header, as written before it
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# What zipfile, zlib and numpy raise for data that is not theirs.
_FOREIGN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, MemoryError)

Arrays = dict[str, NDArray[Any]]


def read_npz(path: str | Path) -> Arrays:
    """The arrays of a ``.npz`` file by name: numbers and booleans, with finite floats.

    Raises FileError, or InputError if an array is truncated, or holds objects or NaN.
    """
    data = files.read_bytes(path, LARGEST_FILE)
    if data.count(_ENTRY) > MOST_ARRAYS:
        raise InputError(path, "arrays", data.count(_ENTRY), f"at most {MOST_ARRAYS:,} are allowed")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check(members, path)
            return {_name(member): _array(archive.read(member), _name(member), path) for member in members}
    except _FOREIGN as error:
        seems = filekind.hint(filekind.of_bytes(data[:20]), unless="a ZIP archive, as torch.save writes")
        raise InputError(path, "archive", f"{len(data)} bytes", f"is not an .npz file ({error}){seems}") from None


def _check(members: list[zipfile.ZipInfo], path: str | Path) -> None:
    """Raise InputError if an array should not be unpacked."""
    names = [_name(member) for member in members]
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise InputError(path, "arrays", twice[0], "is there twice")
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST_UNPACKED:
        raise InputError(path, "unpacked bytes", unpacked, f"at most {LARGEST_UNPACKED:,} are allowed")
    if other := [member.filename for member in members if member.compress_type not in _PACKED]:
        raise InputError(path, other[0], NOT_GIVEN, "is packed in a way that numpy does not write")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _array(content: bytes, name: str, path: str | Path) -> NDArray[Any]:
    head = io.BytesIO(content[: LONGEST_HEADER + 100])
    version = npy.read_magic(head)
    if version not in _HEADERS:
        raise InputError(path, name, version, "has a version of the .npy format that cannot be read")
    if (length := _header_bytes(head, version)) > LONGEST_HEADER:
        raise InputError(path, name, f"a header of {length} bytes", f"at most {LONGEST_HEADER:,} are allowed")
    shape, by_column, dtype = _header(head, version)
    if dtype.kind not in "fiub":
        raise InputError(path, name, str(dtype), "must hold numbers or booleans; objects are not read")
    bytes_left = len(content) - head.tell()
    if bytes_left != math.prod(shape) * dtype.itemsize:
        raise InputError(path, name, list(shape), f"declares a size other than its {bytes_left} bytes")
    values: NDArray[Any] = np.frombuffer(content, dtype, offset=head.tell())
    values = values.reshape(shape, order="F" if by_column else "C")
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise InputError(path, name, "NaN or infinity", "every number must be finite")
    return values


def _header_bytes(head: io.BytesIO, version: tuple[int, int]) -> int:
    """The bytes that the header says it has; ``head`` stays where it is."""
    return int(struct.unpack_from(_LENGTHS[version], head.getbuffer(), head.tell())[0])


def _header(head: io.BytesIO, version: tuple[int, int]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether by column, and type of an array. Raises ValueError for a header that numpy cannot read, since
    Python's own parser, which it uses, fails.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        try:
            shape, by_column, dtype = _HEADERS[version](head, LONGEST_HEADER)
        except Exception:  # TokenError, SyntaxError, TypeError, RecursionError: whatever the parser met
            raise ValueError("a header cannot be read") from None  # its words show Python's objects
    return shape, by_column, dtype
