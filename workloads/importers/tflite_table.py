"""Tables of a TensorFlow Lite file, every read of which is checked to lie inside the file before it is made.

The package `tflite` holds the accessors that are generated from the published schema. They read through a table of
`flatbuffers`, which trusts every offset; the table here trusts none.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
from flatbuffers import number_types as numbers
from flatbuffers.table import Table
from numpy.typing import NDArray


class OutsideFileError(ValueError):
    """An offset or a length points outside the file."""


class Accessor(Protocol):
    """The interface that the schema's generator writes for each kind of table."""

    _tab: Any

    def Init(self, buf: bytes, pos: int) -> None:  # noqa: N802
        """Look at the table at ``pos`` of ``buf``."""


Accessed = TypeVar("Accessed", bound=Accessor)


class CheckedTable(Table):
    """A flatbuffer's table that raises OutsideFileError instead of reading outside the file."""

    __slots__ = ()

    def Get(self, flags: Any, off: int) -> Any:  # noqa: N802
        """The number at ``off``."""
        self._inside(off, flags.bytewidth)
        return super().Get(flags, off)

    def Indirect(self, off: int) -> int:  # noqa: N802
        """The place that the offset at ``off`` points to."""
        target = off + int(self.Get(numbers.UOffsetTFlags, off))
        self._inside(target, 4)
        return target

    def String(self, off: int) -> bytes:  # noqa: N802
        """The text that the offset at ``off`` points to."""
        start = self.Indirect(off)
        length = int(self.Get(numbers.UOffsetTFlags, start))
        self._inside(start + 4, length)
        return bytes(self.Bytes[start + 4 : start + 4 + length])

    def VectorLen(self, off: int) -> int:  # noqa: N802
        """The number of elements of the vector of field ``off``, each of which takes a byte at least."""
        start = self.Indirect(self.Pos + off)
        length = int(self.Get(numbers.UOffsetTFlags, start))
        self._inside(start + 4, length)
        return length

    def GetVectorAsNumpy(self, flags: Any, off: int) -> NDArray[Any]:  # noqa: N802
        """The vector of field ``off``, not copied."""
        start, length = self.Vector(off), self.VectorLen(off)
        self._inside(start, length * flags.bytewidth)
        return np.frombuffer(self.Bytes, numbers.to_numpy_type(flags), length, start)

    def Union(self, t2: Table, off: int) -> None:  # noqa: N802
        """Point ``t2`` at the table in field ``off``."""
        t2.Bytes, t2.Pos = self.Bytes, self.Indirect(self.Pos + off)

    def _inside(self, start: int, length: int) -> None:
        if not 0 <= start <= start + length <= len(self.Bytes):
            raise OutsideFileError(f"bytes {start} to {start + length} are not among its {len(self.Bytes)}")


def checked(accessor: Accessed) -> Accessed:
    """``accessor``, which has read nothing yet, over a checked table."""
    accessor._tab = CheckedTable(accessor._tab.Bytes, accessor._tab.Pos)
    return accessor


def table_at(kind: type[Accessed], data: bytes, position: int) -> Accessed:
    """A checked accessor of ``kind`` at ``position``."""
    accessor = kind()
    accessor.Init(data, position)
    return checked(accessor)
