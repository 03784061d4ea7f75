"""Products with weights, and of two values: accumulators, and the requantise that rides behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from nnasim import limits
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import OpGroup
from workloads.stepgraph.graph import Array, Node
from workloads.stepgraph.integers import quantise
from workloads.stepgraph.kernels.given import integer, integers
from workloads.stepgraph.lowering.cannot_lower import CannotLower
from workloads.stepgraph.lowering.graph_lowering import GraphLowering
from workloads.stepgraph.lowering.standing_shapes import Shape, bare, standing_shape
from workloads.stepgraph.lowering.trace_draft import Wire

MOST_CONV_AXES = 3


@dataclass(frozen=True, eq=False)
class Weights:
    """``weight`` (N, ...) and ``bias`` (N,) real, and the tensors that hold their integers."""

    weight: Array
    bias: Array | None
    tensors: tuple[str, ...]

    @classmethod
    def of(cls, low: GraphLowering, weight: Array, bias: Array | None, name: str = "w", part: str = "") -> Weights:
        """Declare the tensors: the weight's is called ``name``, the bias's after the product ``part``."""
        tensors = [low.draft.tensor(f"{low.here}.{name}", weight.shape, low.numerics.weight_bits, "weight")]
        if bias is not None:
            tensors.append(low.draft.tensor(f"{low.here}.{part}{'.' if part else ''}bias", bias.shape, 32, "bias"))
        return cls(weight, bias, tuple(tensors))


def weighted(
    low: GraphLowering, part: str, x: Wire, weights: Weights, outs: Sequence[Wire], shape: Shape, *,
    kind: OpKind = "matmul", group: OpGroup = "matmul", told: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Lower a product of ``x`` with ``weights``: accumulators of ``shape``, requantised into ``outs``."""
    dot = f"{part}." if part else ""
    acc = low.draft.tensor(f"{low.here}.{dot}acc", shape, low.numerics.accumulator_bits)
    op = low.op(part, kind, group, [x.tensor, *weights.tensors], [acc], **(told or {}))
    channels = {"axis": 0} if kind == "conv" else {}
    behind = low.op(f"{dot}rq", "requantise", group, [acc], [out.tensor for out in outs], **channels)
    low.fill(quantise.weighted, op, behind, weights, x, outs[0])


def linear(low: GraphLowering, node: Node) -> None:
    """Lower x (..., K) times a weight (N, K)."""
    x, (weight, bias), (value,) = node.inputs[0], _constants(low, node), node.outputs
    rows = bare(low.shape(x))
    is_last = low.is_given(value) or value in low.argmax_reads
    group: OpGroup = "output_layer" if is_last else "matmul"
    seen = replace(low.wire(x), tensor=low.shaped(x, rows))
    weights, shape = Weights.of(low, weight, bias), (*rows[:-1], len(weight))
    weighted(low, "", seen, weights, [low.out(value, bare(low.shape(value)))], shape, group=group)


def _constants(low: GraphLowering, node: Node) -> tuple[Array, Array | None]:
    """Weight and bias of ``node``."""
    weight, *biases = node.inputs[1:]
    if not low.graph.is_constant(weight) or not all(low.graph.is_constant(bias) for bias in biases if bias):
        raise CannotLower("its weights are computed at each call, and the MAC array reads them from memory")
    bias = low.graph.constants[biases[0]] if biases and biases[0] else None
    return low.graph.constants[weight], bias


def conv(low: GraphLowering, node: Node) -> None:
    """Lower a convolution of x (1, C, *T) with a weight (N, C / groups, *kernel)."""
    x, (weight, bias), (value,) = node.inputs[0], _constants(low, node), node.outputs
    batch, *size = low.shape(x)
    if batch != 1:
        raise CannotLower(f"works on a batch of {batch}", "export the model with a batch of 1")
    if len(size) - 1 > MOST_CONV_AXES:
        raise CannotLower(f"has {len(size) - 1} axes beside the channels, and the chip's has at most {MOST_CONV_AXES}")
    pads = integers(node.attributes, "pads")
    if min(pads) < 0:
        raise CannotLower("has negative pads, which cut what it reads")
    told = {
        "kernel": integers(node.attributes, "kernel_shape"),
        "stride": integers(node.attributes, "strides"),
        "dilation": integers(node.attributes, "dilations"),
        "groups": integer(node.attributes, "group"),
        "pads": pads,
    }
    seen = replace(low.wire(x), tensor=low.shaped(x, tuple(size)))
    shape = low.shape(value)[1:]
    weighted(low, "", seen, Weights.of(low, weight, bias), [low.out(value, shape)], shape, kind="conv",
             group="convolution", told=told)  # fmt: skip


def product(low: GraphLowering, node: Node) -> None:
    """Lower a product of two computed values, batch by batch."""
    a, b = node.inputs
    transpose_b, (value,) = bool(node.attributes["transpose_b"]), node.outputs
    batch, rows, columns = standing_shape(low.graph, node, value)
    depth = low.shape(a)[-1]
    shape_b = (columns, depth) if transpose_b else (depth, columns)
    matrices = (a, "a", (rows, depth)), (b, "b", shape_b)
    operands = [_batched(low, name, part, batch, matrix) for name, part, matrix in matrices]
    acc = low.draft.tensor(f"{low.here}.acc", (batch, rows, columns), low.numerics.accumulator_bits)
    low.op("", "bmm", "attention", [wire.tensor for wire in operands], [acc], transpose_b=transpose_b)
    out = low.out(value, (batch, rows, columns))
    requantise = low.op("rq", "requantise", "attention", [acc], [out.tensor])
    low.fill(quantise.product, requantise, *operands, out)


def _batched(low: GraphLowering, value: str, part: str, batch: int, matrix: tuple[int, int]) -> Wire:
    """``value`` as (batch, *matrix), stretched if one matrix serves all."""
    if low.graph.is_constant(value):
        why = f"multiplies by more constant matrices than the {limits.PRODUCT_MATRICES:,} that become linear layers"
        raise CannotLower(why, "let the CPU run it")
    own = prod(low.shape(value)[:-2])
    if own not in (1, batch):
        raise CannotLower(f"multiplies batches of {own} by batches of {batch}")
    wire = replace(low.wire(value), tensor=low.shaped(value, (own, *matrix)))
    if own == batch:
        return wire
    stretched = low.scratch(f"{part}.stretched", (batch, *matrix), wire.grid, wire.factor)
    low.op(f"{part}.stretch", "copy", "movement", [wire.tensor], [stretched.tensor])
    return stretched


def embedding(low: GraphLowering, node: Node) -> None:
    """Lower a choice of rows of a table (V, D), one for each token."""
    (tokens, weight), (value,) = node.inputs, node.outputs
    if low.graph.tensor(tokens).dtype.startswith("float"):
        raise CannotLower("picks rows by a real number")
    rows = low.graph.constants[weight]
    if not np.issubdtype(rows.dtype, np.floating):
        raise CannotLower("looks up whole numbers", "let the host look them up")
    out = low.out(value, bare(low.shape(value)))
    # Rows are copied as they are: a weight of fewer bits could not hold what an activation has.
    w = low.draft.tensor(f"{low.here}.w", rows.shape, low.numerics.activation_bits, "weight")
    low.op("", "embedding", "embedding", [low.wire(tokens).tensor, w], [out.tensor])
    low.fill(quantise.embedding, w, out, rows)
