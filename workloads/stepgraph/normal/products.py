"""Matrix products by what their operands are: constant weights, or two values that flow."""

from __future__ import annotations

from math import prod

import numpy as np

from nnasim import limits
from workloads.stepgraph.graph import Array, Attribute, Node
from workloads.stepgraph.kernels.given import integer, integers
from workloads.stepgraph.normal.rewriting import Normal, Rewriting

MOST_MATRICES = limits.PRODUCT_MATRICES
"""Constant matrices of one product that become linear layers; attention has as many as heads."""


def with_products(normal: Normal) -> Normal:
    """``normal`` with Linear, Conv or Product in place of MatMul, and of ConvTranspose if it is one of these."""
    work = Rewriting(normal)
    for node in normal.graph.nodes:
        if node.operator == "MatMul":
            _matmul(work, node)
        elif node.operator == "ConvTranspose" and set(node.inputs[1:]) <= set(work.constants):
            _conv_transpose(work, node)
        else:
            work.write(node)
    return work.finished()


def _matmul(work: Rewriting, node: Node) -> None:
    a, b = node.inputs
    if b in work.constants and prod(work.shape(b)[:-2]) == 1:
        # (K, N), or a single column (K,)
        columns = work.constants[b].reshape(work.shape(b)[-2:] if len(work.shape(b)) > 1 else (-1, 1))
        _linear(work, node, a, work.shape(a), columns.T)
    elif a in work.constants and prod(work.shape(a)[:-2]) == 1 and prod(work.shape(b)[:-2]) == 1:
        _weight_first(work, node)
    elif b in work.constants and work.shape(a)[:-2] == work.shape(b)[:-2] and prod(work.shape(b)[:-2]) <= MOST_MATRICES:
        _matrix_by_matrix(work, node)
    else:
        turned = work.maker(b, "Transpose")
        swaps = turned is not None and _swaps_last_two(turned)
        b = turned.inputs[0] if turned is not None and swaps else b
        work.write(Node(node.name, "Product", (a, b), node.outputs, {"transpose_b": int(swaps)}))


def _weight_first(work: Rewriting, node: Node) -> None:
    """W x: of one column a linear layer, of several a convolution of width one over them."""
    (a, x), (out,) = node.inputs, node.outputs
    weight = work.constants[a].reshape(work.shape(a)[-2:] if len(work.shape(a)) > 1 else (1, -1))
    rows, columns = weight.shape[1], prod(work.shape(x)) // weight.shape[1]
    if columns == 1:
        _linear(work, node, x, (1, rows), weight)
        return
    x = _viewed(work, node, x, (1, rows, columns))
    made = work.value(f"{out}.product", (1, len(weight), columns))
    name = work.constant(f"{node.name}.weight", weight[..., None])
    work.write(Node(node.name, "Conv", (x, name), (made,), _window((1,), (0, 0))), node)
    work.write(_view(node, made))


def _matrix_by_matrix(work: Rewriting, node: Node) -> None:
    """Write a matrix of the left operand by one of several constant ones: a linear layer for each, joined."""
    (a, b), (out,) = node.inputs, node.outputs
    rows, depth = work.shape(a)[-2:]
    matrices = work.constants[b].reshape(-1, depth, work.shape(b)[-1])
    stacked = _viewed(work, node, a, (len(matrices), rows, depth))
    parts = [work.value(f"{out}.of{place}", (1, rows, depth)) for place in range(len(matrices))]
    sizes = work.constant(f"{node.name}.sizes", np.ones(len(matrices), np.int64))
    work.write(Node(f"{node.name}.split", "Split", (stacked, sizes), tuple(parts), {"axis": 0}), node)
    made = list[str]()
    for place, (part, matrix) in enumerate(zip(parts, matrices, strict=True)):
        made.append(work.value(f"{out}.part{place}", (1, rows, matrix.shape[1])))
        weight = work.constant(f"{node.name}.weight{place}", np.ascontiguousarray(matrix.T))
        work.write(Node(f"{node.name}.{place}", "Linear", (part, weight), (made[-1],)), node)
    joined = work.value(f"{out}.product", (len(matrices), rows, matrices.shape[2]))
    work.write(Node(f"{node.name}.concat", "Concat", tuple(made), (joined,), {"axis": 0}), node)
    work.write(_view(node, joined))


def _swaps_last_two(transpose: Node) -> bool:
    *batch, a, b = integers(transpose.attributes, "perm")
    return (*batch, b, a) == tuple(range(len(batch) + 2))


def _linear(
    work: Rewriting, node: Node, x: str, shape: tuple[int, ...], weight: Array, bias: Array | None = None
) -> None:
    """Write ``node`` as a linear layer of ``x``, viewed in ``shape`` (..., K), with ``weight`` (N, K)."""
    x = _viewed(work, node, x, shape)
    constants = [work.constant(f"{node.name}.weight", np.ascontiguousarray(weight))]
    if bias is not None:
        constants.append(work.constant(f"{node.name}.bias", bias))
    made = (*shape[:-1], len(weight))
    if made == work.shape(node.outputs[0]):
        work.write(Node(node.name, "Linear", (x, *constants), node.outputs))
    else:
        out = work.value(f"{node.outputs[0]}.product", made)
        work.write(Node(node.name, "Linear", (x, *constants), (out,)), node)
        work.write(_view(node, out))


def _viewed(work: Rewriting, node: Node, value: str, shape: tuple[int, ...]) -> str:
    """``value`` in the ``shape`` in which ``node`` reads it, by a view of it where it has another."""
    if work.shape(value) == shape:
        return value
    view = work.value(f"{node.name}.rows", shape)
    work.write(Node(view, "View", (value,), (view,)))
    return view


def _view(node: Node, value: str) -> Node:
    """``value`` in the shape of what ``node`` made."""
    return Node(f"{node.name}.view", "View", (value,), node.outputs)


def _window(kernel: tuple[int, ...], pads: tuple[int, ...]) -> dict[str, Attribute]:
    ones = (1,) * len(kernel)
    return {"kernel_shape": kernel, "strides": ones, "dilations": ones, "pads": pads, "group": 1}


def _conv_transpose(work: Rewriting, node: Node) -> None:
    """Write a transposed convolution over one place as a linear layer, and one with a stride of one as a convolution,
    its kernel turned round.

    Any other adds overlapping pieces, for which there is no operation: it is left unchanged.
    """
    x, weight, *biases = node.inputs
    values, bias = work.constants[weight], work.constants[biases[0]] if biases else None
    pads, extra = integers(node.attributes, "pads"), integers(node.attributes, "output_padding")
    kernel, group = values.shape[2:], integer(node.attributes, "group")
    is_one_place = prod(work.shape(x)[2:]) == 1 and prod(integers(node.attributes, "dilations")) == 1
    if is_one_place and group == 1 and not any(pads) and not any(extra):
        rows = values.reshape(values.shape[0], -1).T  # (N * K, C)
        _linear(work, node, x, (1, values.shape[0]), rows, None if bias is None else np.repeat(bias, prod(kernel)))
    elif prod(integers(node.attributes, "strides")) == 1 and not any(extra):
        _turned_round(work, node, values, group)
    else:
        work.write(node)


def _turned_round(work: Rewriting, node: Node, weight: Array, group: int) -> None:
    """Write a transposed convolution of stride 1, weight (C, N / group, *K), as the equal convolution."""
    x, _, *biases = node.inputs
    pads, dilations, kernel = (
        integers(node.attributes, "pads"),
        integers(node.attributes, "dilations"),
        weight.shape[2:],
    )
    reach = [dilation * (size - 1) for dilation, size in zip(dilations, kernel, strict=True)]
    around = tuple(whole - cut for whole, cut in zip((*reach, *reach), pads, strict=True))
    if min(around) < 0:
        work.write(node)
        return
    grouped = weight.reshape(group, -1, *weight.shape[1:]).swapaxes(1, 2)  # (group, N / group, C / group, *K)
    flipped = np.flip(grouped, tuple(range(3, grouped.ndim)))
    name = work.constant(f"{node.name}.weight", np.ascontiguousarray(flipped.reshape(-1, *flipped.shape[2:])))
    attributes = {**_window(kernel, around), "dilations": dilations, "group": group}
    work.write(Node(node.name, "Conv", (x, name, *biases), node.outputs, attributes))
