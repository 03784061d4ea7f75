"""Looking over an ONNX file before it is parsed: how much it declares, and whether it is whole.

A parser makes an object of a hundred bytes out of two bytes of a file, so a small file could fill any memory. Here
the fields of the messages that may repeat are only counted, and nothing is made of them. The wire format is
protobuf's encoding, the numbers of the fields are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnasim import limits

MOST_FIELDS = limits.ONNX_FIELDS
"""The most fields of a file. A streaming encoder of 10,000 nodes has 200,000; a million are counted in 0.5 s."""

MOST_VARINT_BYTES = limits.ONNX_PACKED_BYTES
"""The most bytes of packed integers, each of which may become eight."""

_DEEPEST = limits.ONNX_DEPTH

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_PACKED = "packed integers"
_Message = Mapping[int, str]

_MESSAGES: Mapping[str, _Message] = {
    "Model": {7: "Graph", 8: "Leaf", 14: "Leaf", 20: "Training", 25: "Function", 26: "Leaf"},
    "Training": {1: "Graph", 2: "Graph"},
    "Graph": {
        1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value", 14: "Leaf", 15: "Sparse", 16: "Leaf",
    },
    "Node": {5: "Attribute", 9: "Leaf", 10: "Leaf"},
    "Attribute": {
        5: "Tensor", 6: "Graph", 8: _PACKED, 10: "Tensor", 11: "Graph", 14: "Type", 15: "Type", 22: "Sparse",
        23: "Sparse",
    },
    "Tensor": {1: _PACKED, 5: _PACKED, 7: _PACKED, 11: _PACKED, 13: "Leaf", 16: "Leaf"},
    "Sparse": {1: "Tensor", 2: "Tensor", 3: _PACKED},
    "Value": {2: "Type", 4: "Leaf"},
    "Type": {1: "TensorType", 4: "Inner", 5: "Inner", 8: "TensorType", 9: "Inner"},
    "Inner": {1: "Type", 2: "Type"},
    "TensorType": {2: "Shape"},
    "Shape": {1: "Leaf"},
    "Function": {7: "Node", 9: "Leaf", 11: "Attribute", 12: "Value", 14: "Leaf"},
    "Leaf": {},
}  # fmt: skip


class NotWholeError(Exception):
    """The bytes are no message, or not all of one."""


class TooMuchError(Exception):
    """The file declares more than any model does."""


class _Census:
    """The counts of ``data`` so far."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.fields, self.packed = data, 0, 0

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """A number at ``at``, and where it ends."""
        number = shift = 0
        while at < end and shift < 70:
            byte = self.data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number, at
            shift += 7
        raise NotWholeError

    def message(self, kind: str, at: int, end: int, depth: int) -> None:
        """Count the fields of a message of ``kind`` from ``at`` to ``end``."""
        if depth > _DEEPEST:
            raise TooMuchError(f"holds messages within messages, more than {_DEEPEST} deep")
        inner = _MESSAGES[kind]
        while at < end:
            tag, at = self.varint(at, end)
            self._count_field()
            field, wire = tag >> 3, tag & 7
            if wire == _LENGTH:
                size, at = self.varint(at, end)
                if size > end - at:
                    raise NotWholeError
                self._content(inner.get(field), at, at + size, depth)
                at += size
            elif wire == _VARINT:
                _, at = self.varint(at, end)
            elif wire in (_FIXED32, _FIXED64):
                at += 4 if wire == _FIXED32 else 8
            else:
                raise NotWholeError
        if at != end:
            raise NotWholeError

    def _count_field(self) -> None:
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise TooMuchError(f"has more than {MOST_FIELDS:,} fields")

    def _content(self, kind: str | None, at: int, end: int, depth: int) -> None:
        if kind == _PACKED:
            self.packed += end - at
            if self.packed > MOST_VARINT_BYTES:
                raise TooMuchError(f"holds more than {MOST_VARINT_BYTES:,} bytes of packed integers")
        elif kind is not None:
            self.message(kind, at, end, depth + 1)


def look_over(data: memoryview) -> None:
    """Raise NotWholeError if ``data`` is no ModelProto with a graph, TooMuchError if it declares too much."""
    census = _Census(data)
    census.message("Model", 0, len(data), 0)
