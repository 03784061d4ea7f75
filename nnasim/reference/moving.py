"""Kinds of operation that only move: each a function of the reference and the operation -> its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nnasim.ir.attributes import Copy, Slice
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import Op
from nnasim.numerics import ops
from nnasim.numerics.backend import Array

if TYPE_CHECKING:
    from nnasim.reference.executor import Reference


def _embedding(run: Reference, op: Op) -> Array:
    """The row of each token."""
    rows = run.tensors[op.weight]
    return ops.embedding(run.tensors[op.x].astype(np.int64), rows, rows)


def _concat(run: Reference, op: Op) -> Array:
    """The inputs one after the other along an axis; in a register, after its content, of which the oldest are
    dropped.
    """
    out = op.outputs[0]
    shape = run.trace.tensors[out].shape
    parts, axis = [run.tensors[name] for name in op.data], op.axis(len(shape))
    if op.attributes is None:  # version 1: flat, whatever the shapes
        return _flat_concat(run, op, parts)
    if run.trace.shifts(op):
        parts.insert(0, run.tensors[out])
    joined = np.concatenate(parts, axis)
    return joined[(slice(None),) * axis + (slice(joined.shape[axis] - shape[axis], None),)]


def _flat_concat(run: Reference, op: Op, parts: list[Array]) -> Array:
    out = op.outputs[0]
    flat = [part.reshape(-1) for part in parts]
    if run.trace.shifts(op):
        flat.insert(0, run.tensors[out].reshape(-1))
    return np.concatenate(flat)[-run.trace.tensors[out].elements :]


def _split(run: Reference, op: Op) -> Array:
    """All of x, which ``executor.parts`` takes apart."""
    return run.tensors[op.x]


def _slice(run: Reference, op: Op) -> Array:
    told, shape = op.told(Slice), run.trace.tensors[op.outputs[0]].shape
    stop = told.start + shape[told.axis] * told.step
    taken = slice(told.start, stop if stop >= 0 else None, told.step)
    return run.tensors[op.x][(slice(None),) * told.axis + (taken,)]


def _copy(run: Reference, op: Op) -> Array:
    """The same elements, their axes permuted, or stretched to a larger shape."""
    x, perm = run.tensors[op.x], op.told(Copy).perm
    if perm is not None:
        return x.transpose(perm)
    spec = run.trace.tensors[op.outputs[0]]
    return x.reshape(spec.shape) if x.size == spec.elements else np.broadcast_to(x, spec.shape)


EXECUTORS: Mapping[OpKind, Callable[[Reference, Op], Array]] = {
    "embedding": _embedding,
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "copy": _copy,
}
