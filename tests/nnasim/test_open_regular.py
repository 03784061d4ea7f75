"""What the system says while a file is read names the file, whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from nnasim import files
from nnasim.errors import FileError

UNREADABLE = Path("/proc/self/mem")  # a regular file of Linux that cannot be read from its start


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that is known not to be read")
@pytest.mark.parametrize("read", [lambda file: file.read(), lambda file: file.read(9), lambda file: file.seek(0, 2)])
def test_an_error_of_the_system_names_the_file(read: Callable[[BinaryIO], object]) -> None:
    with files.open_regular(UNREADABLE) as file, pytest.raises(FileError, match=r"^/proc/self/mem: cannot be read"):
        read(file)


def test_a_file_is_read_as_ever(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo")
    with files.open_regular(tmp_path / "a") as file:
        assert (file.readline(), file.tell(), file.read(), file.seek(-3, 2), file.read(2)) == (
            b"one\n", 4, b"two", 4, b"tw",
        )  # fmt: skip
    assert file.closed
