"""The output shapes of each kind of operation, and its multiply-accumulates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

from nnasim.ir.attributes import Add, Bmm, Concat, Conv, Copy, Host, Mean, Mul, Slice
from nnasim.ir.operands import FLOWING, OpKind

if TYPE_CHECKING:
    from nnasim.ir.trace import Op, TensorSpec

Shape = tuple[int, ...]
Rule = Callable[["Op", Sequence[Shape], Shape], Shape]
"""(operation, shapes of its inputs, shape of what it makes) -> the shape that it must make, of as many axes."""


class ShapeError(ValueError):
    """Shapes that no operation of this kind can have; the message follows the operation's name."""


def check_shapes(op: Op, tensors: Mapping[str, TensorSpec]) -> None:
    """Raise ShapeError, which names a tensor, unless the shapes of what ``op`` reads and makes agree."""
    rule = RULES[op.kind]
    if rule is None:
        return
    made = _joined(op, tensors)
    wanted = rule(op, [tensors[name].shape for name in op.inputs], made)
    if made != wanted and _bare(made) != _bare(wanted):
        which = f"tensor {op.outputs[0]}" if len(op.outputs) == 1 else f"tensors {', '.join(op.outputs)} together"
        raise ShapeError(f"{which}: {op.kind} makes the shape {list(wanted)}, not {list(made)}")


def macs_of(op: Op, tensors: Mapping[str, TensorSpec]) -> int:
    """Multiply-accumulates of a product (and of an operation of the host that says so); 0 of all else."""
    if op.kind == "matmul":
        return tensors[op.x].elements * tensors[op.weight].shape[0]
    if op.kind == "conv":
        return tensors[op.outputs[0]].elements * prod(tensors[op.weight].shape[1:])
    if op.kind == "bmm":
        return tensors[op.outputs[0]].elements * tensors[op.x].shape[-1]
    return op.told(Host).macs if op.kind == "host" else 0


def elements_of(op: Op, tensors: Mapping[str, TensorSpec]) -> int:
    """The number of elements that sets the cost of ``op``: those that it makes.

    For a reduction, those that it reads; for an operation of the CPU that is not known, the larger of both.
    """
    made = sum(tensors[name].elements for name in op.outputs)
    if op.kind in REDUCING:
        return tensors[op.x].elements
    if op.kind != "host":
        return made
    read = sum(tensors[name].elements for name in op.inputs if tensors[name].role in FLOWING)
    return max(made, read)


def _bare(shape: Shape) -> Shape:
    """``shape`` without leading ones: a row, and a matrix of one row."""
    first = next((axis for axis, size in enumerate(shape) if size != 1), len(shape) - 1)
    return shape[first:]


def _joined(op: Op, tensors: Mapping[str, TensorSpec]) -> Shape:
    """The shape of all outputs put together, along the axis along which they are parts."""
    shapes = [tensors[name].shape for name in op.outputs]
    if len(shapes) == 1:
        return shapes[0]
    if op.kind in ONE_OUTPUT:
        raise ShapeError(f"tensor {op.outputs[1]}: {op.kind} makes one tensor")
    axis = op.axis(len(shapes[0])) if op.kind == "split" else len(shapes[0]) - 1
    for name, shape in zip(op.outputs, shapes, strict=True):
        if len(shape) != len(shapes[0]) or _without(shape, axis) != _without(shapes[0], axis):
            raise ShapeError(
                f"tensor {name}: {list(shape)} is no part of the same as {list(shapes[0])}, along axis {axis}"
            )
    return _with(shapes[0], axis, sum(shape[axis] for shape in shapes))


def _with(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]


def _axis_of(op: Op, axis: int, name: str, shape: Shape) -> int:
    if axis >= len(shape):
        raise ShapeError(f"tensor {name}: {list(shape)} has no axis {axis}, only 0 to {len(shape) - 1}")
    return axis


# --- one rule per kind ----------------------------------------------------------------------------------------------


def _same(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    return shapes[0]


def _along_axis(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    _axis_of(op, op.axis(len(shapes[0])), op.x, shapes[0])
    return shapes[0]


def _layer_norm(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    x = shapes[0]
    size = x[_axis_of(op, op.axis(len(x)), op.x, x)]
    for name, shape in zip(op.constants, shapes[1:], strict=True):
        if prod(shape) != size:
            raise ShapeError(f"tensor {name}: {list(shape)} must hold one element for each of the {size} normalised")
    return x


def _matmul(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    x, weight = shapes[:2]
    if len(weight) != 2 or x[-1] != weight[1]:
        raise ShapeError(
            f"tensor {op.weight}: a matmul's weight has the shape (N, K), {list(weight)} is none for "
            f"rows of {x[-1]} elements"
        )
    _check_bias(op, shapes, weight[0])
    return (*x[:-1], weight[0])


def _check_bias(op: Op, shapes: Sequence[Shape], channels: int) -> None:
    if op.bias is not None and prod(shapes[2]) != channels:
        raise ShapeError(f"tensor {op.bias}: a bias of {channels} output channels has as many elements")


def _conv(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    told, (x, weight) = op.told(Conv), shapes[:2]
    axes = len(told.kernel)
    if len(x) != 1 + axes:
        raise ShapeError(f"tensor {op.x}: a kernel of {axes} axes reads channels and {axes} axes, not {list(x)}")
    if x[0] % told.groups:
        raise ShapeError(f"tensor {op.x}: {x[0]} channels do not fall into {told.groups} groups")
    if weight[1:] != (x[0] // told.groups, *told.kernel) or weight[0] % told.groups:
        wanted = f"(N, {x[0] // told.groups}, {', '.join(map(str, told.kernel))}), N in {told.groups} groups"
        raise ShapeError(f"tensor {op.weight}: a conv's weight must have the shape {wanted}, not {list(weight)}")
    _check_bias(op, shapes, weight[0])
    out = told.out(x[1:])
    if min(out) < 1:
        raise ShapeError(f"tensor {op.x}: {list(x)} is too short for the kernel")
    return (weight[0], *out)


def _bmm(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    a, b = shapes
    if min(len(a), len(b)) < 2:
        raise ShapeError(f"tensor {op.data[len(a) > 1]}: bmm multiplies matrices, (..., M, K) by (..., K, N)")
    k, n = (b[-1], b[-2]) if op.told(Bmm).transpose_b else (b[-2], b[-1])
    if a[:-2] != b[:-2] or a[-1] != k:
        raise ShapeError(f"tensor {op.data[1]}: {list(b)} cannot be multiplied with {list(a)}")
    return (*a[:-1], n)


def _pairwise(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    told = op.attributes
    if isinstance(told, Add | Mul) and told.broadcast:
        return _stretched(op, *shapes)
    if _bare(shapes[0]) != _bare(shapes[1]):
        which, (a, b) = op.data[1], map(list, shapes)
        raise ShapeError(f"tensor {which}: {b} differs from {a}, and {op.kind} is not told to broadcast")
    return max(shapes, key=len)


def _stretched(op: Op, a: Shape, b: Shape) -> Shape:
    """The shape that numpy stretches both to."""
    axes = max(len(a), len(b))
    pairs = list(zip((1,) * (axes - len(a)) + a, (1,) * (axes - len(b)) + b, strict=True))
    if any(left != right and 1 not in (left, right) for left, right in pairs):
        raise ShapeError(f"tensor {op.inputs[-1]}: {list(b)} and {list(a)} do not broadcast")
    return tuple(max(pair) for pair in pairs)


def _embedding(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    tokens, rows = shapes
    if len(rows) != 2:
        raise ShapeError(f"tensor {op.weight}: an embedding's weight has the shape (V, D), not {list(rows)}")
    return (*tokens, rows[1])


def _concat(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    if op.attributes is None:
        return made if sum(map(prod, shapes)) <= prod(made) else (sum(map(prod, shapes)),)
    told = op.told(Concat)
    axis = _axis_of(op, told.axis, op.outputs[0], made)
    for name, shape in zip(op.inputs, shapes, strict=True):
        if len(shape) != len(made) or _without(shape, axis) != _without(made, axis):
            raise ShapeError(f"tensor {name}: {list(shape)} cannot be put into {list(made)} along axis {axis}")
    total = sum(shape[axis] for shape in shapes)
    return made if told.shift and total <= made[axis] else _with(made, axis, total)


def _slice(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    told, x = op.told(Slice), shapes[0]
    axis = _axis_of(op, told.axis, op.x, x)
    if len(made) != len(x):
        return x
    last = told.start + (made[axis] - 1) * told.step
    if not 0 <= told.start < x[axis] or not 0 <= last < x[axis]:
        raise ShapeError(f"tensor {op.x}: elements {told.start} to {last} are not all among {x[axis]} of axis {axis}")
    return _with(x, axis, made[axis])


def _copy(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    told, x = op.told(Copy), shapes[0]
    if told.perm is not None:
        if len(told.perm) != len(x):
            raise ShapeError(f"tensor {op.x}: {list(x)} has not the {len(told.perm)} axes of perm")
        return tuple(x[axis] for axis in told.perm)
    if prod(made) == prod(x):
        return made
    return x if told.view else _stretched(op, made, x)


def _reduced(axes: tuple[int, ...], x: Shape, made: Shape) -> Shape:
    """``x`` with ``axes`` of size 1, or without them, as ``made`` has it."""
    if len(made) == len(x):
        return tuple(1 if axis in axes else size for axis, size in enumerate(x))
    return tuple(size for axis, size in enumerate(x) if axis not in axes) or (1,)


def _mean(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    axes = op.told(Mean).axes
    _axis_of(op, axes[-1], op.x, shapes[0])
    return _reduced(axes, shapes[0], made)


def _argmax(op: Op, shapes: Sequence[Shape], made: Shape) -> Shape:
    axis = _axis_of(op, op.axis(len(shapes[0])), op.x, shapes[0])
    return _reduced((axis,), shapes[0], made)


RULES: Mapping[OpKind, Rule | None] = {
    "quantise": _same,
    "matmul": _matmul,
    "requantise": _along_axis,
    "add": _pairwise,
    "mul": _pairwise,
    "sigmoid": _same,
    "tanh": _same,
    "layer_norm": _layer_norm,
    "embedding": _embedding,
    "concat": _concat,
    "argmax": _argmax,
    "table": _same,
    "conv": _conv,
    "bmm": _bmm,
    "softmax": _along_axis,
    "mean": _mean,
    "copy": _copy,
    "slice": _slice,
    "split": _along_axis,
    "host": None,
}
"""None: what the CPU alone can do makes whatever shapes it makes."""

REDUCING: frozenset[OpKind] = frozenset({"argmax", "mean"})
ONE_OUTPUT: frozenset[OpKind] = frozenset(
    {"matmul", "conv", "bmm", "embedding", "concat", "argmax", "mean", "copy", "slice"}
)
