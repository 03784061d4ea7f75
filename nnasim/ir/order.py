"""The rules for what one call may read and write, checked operation by operation; and the views of tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnasim.ir.trace import Op, OpTrace


class OrderError(ValueError):
    """An operation reads a value that does not exist, or writes one that must not be written; the message follows its
    name.
    """


class Order:
    """A call of a graph of ``trace``, up to the current operation.

    A tensor that is no state has no value before this call writes it, and is written once. A view shows the bytes of
    another tensor, so that once a state is written its views show values that no operation gave them.
    """

    def __init__(self, trace: OpTrace) -> None:
        self.trace = trace
        self._written: dict[str, str] = {}  # by which operation
        self._views: dict[str, str] = {}  # of which tensor
        self._shown: dict[str, list[str]] = {}  # tensor -> its views
        self._stale: dict[str, str] = {}  # view -> the operation that has written its state

    def follow(self, op: Op) -> None:
        """Run ``op``. Raises OrderError, which names a tensor."""
        for tensor in (*op.inputs, *(op.outputs if self.trace.shifts(op) else ())):
            self._read(tensor)
        for tensor in op.outputs:
            self._write(tensor, op)
        if op.is_view:
            self._view(op)

    def _read(self, tensor: str) -> None:
        if tensor not in self._written and self.trace.tensors[tensor].role in ("activation", "output"):
            raise OrderError(f"reads tensor {tensor!r}, which no operation before it writes")
        if tensor in self._stale:
            base, writer = self._views[tensor], self._stale[tensor]
            raise OrderError(f"reads tensor {tensor!r}, a view of {base!r}, which {writer} has overwritten")

    def _write(self, tensor: str, op: Op) -> None:
        if tensor in self._written and self.trace.tensors[tensor].role != "state":
            raise OrderError(f"writes tensor {tensor!r}, which {self._written[tensor]} has written")
        self._written[tensor] = op.name
        self._stale.update(dict.fromkeys(self._shown.get(tensor, ()), op.name))

    def _view(self, op: Op) -> None:
        view, tensors = op.outputs[0], self.trace.tensors
        if tensors[view].role == "state":
            raise OrderError(f"tensor {view!r}: a state is no view of another tensor")
        if tensors[view].bits != tensors[op.x].bits:
            raise OrderError(f"tensor {view!r}: a view has the {tensors[op.x].bits} bits of {op.x!r}")
        base = self._views[view] = self._views.get(op.x, op.x)
        self._shown.setdefault(base, []).append(view)


def views_of(ops: Iterable[Op]) -> Mapping[str, str]:
    """View -> the tensor whose bytes it shows, which is no view itself."""
    views: dict[str, str] = {}
    for op in ops:
        if op.is_view:
            views[op.outputs[0]] = views.get(op.x, op.x)
    return views
