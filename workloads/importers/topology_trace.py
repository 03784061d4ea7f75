"""Lists of layers as a trace: products and convolutions without weights, which answer questions of time alone.

Modelling assumptions. A layer reads what the one before it made, in another shape or padded with zeros where that
explains its input. Where it does not (pooled, branched, stacked: the list does not say), the layer finds its input in
SRAM, and what put it there takes no time. The first input comes from the host, the last output goes there.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from math import prod

from nnasim.ir.attributes import Attributes, Conv, Copy
from nnasim.ir.imported import Imported, Source
from nnasim.ir.operands import OpKind, Role
from nnasim.ir.trace import OP_GROUPS, Op, OpGraph, OpGroup, OpTrace, TensorSpec, placement_of
from nnasim.numerics.config import NumericsConfig
from workloads.importers.topology import ConvLayer, Layer, ProductLayer
from workloads.stepgraph.decoding.calls import Calls
from workloads.stepgraph.lowering.ledger import Row

GRAPH = "layers"
_FORMAT = "SCALE-Sim topology"
_REASON = "a list of layers has no weights, and does not say what happens between its layers"


@dataclass
class _Writer:
    """Layers written so far; ``current``: the last one's name, ``before``: the tensor that it made."""

    numerics: NumericsConfig
    tensors: dict[str, TensorSpec] = field(default_factory=dict)
    ops: dict[str, Op] = field(default_factory=dict)
    current: str = ""
    before: str | None = None

    def layer(self, layer: Layer, *, is_last: bool) -> None:
        """Append ``layer``: its product, and what brings the accumulators back to a layer's input."""
        self.current = layer.name
        if isinstance(layer, ProductLayer):
            self._product(layer, is_last)
        else:
            self._conv(layer, is_last)

    def _product(self, layer: ProductLayer, is_last: bool) -> None:
        x = self._input(layer.name, (layer.rows, layer.depth))
        weight = self._weight(layer.name, (layer.channels, layer.depth))
        out = (layer.rows, layer.channels)
        acc = self._op(layer.name, "matmul", "matmul", (x, weight), out, self.numerics.accumulator_bits)
        self._output(layer.name, "matmul", acc, out, is_last)

    def _conv(self, layer: ConvLayer, is_last: bool) -> None:
        ends = _zeros_behind(layer)
        shape, padding = (layer.inputs, *layer.size), self._padding(layer)
        x = self._input(layer.name, shape) if padding is None else self.before
        weight = self._weight(layer.name, (layer.channels, layer.inputs // layer.groups, *layer.kernel))
        begins = (0, 0) if padding is None else (padding[0] // 2, padding[1] // 2)
        behind = (0, 0) if padding is None else (padding[0] - begins[0], padding[1] - begins[1])
        told = Conv(
            kernel=layer.kernel,
            stride=layer.stride,
            dilation=(1, 1),
            groups=layer.groups,
            pads=(*begins, behind[0] + ends[0], behind[1] + ends[1]),
        )
        out = (layer.channels, *layer.out)
        assert x is not None
        acc = self._op(layer.name, "conv", "convolution", (x, weight), out, self.numerics.accumulator_bits, told)
        self._output(layer.name, "convolution", acc, out, is_last)

    def _padding(self, layer: ConvLayer) -> tuple[int, int] | None:
        """Zeros that what the layer before made lacks in height and width to be this one's input; None: not so."""
        made = () if self.before is None else self.tensors[self.before].shape
        if len(made) != 3 or made[0] != layer.inputs:
            return None
        height, width = layer.size[0] - made[1], layer.size[1] - made[2]
        return (height, width) if min(height, width) >= 0 and max(height, width) > 0 else None

    def _input(self, name: str, shape: tuple[int, ...]) -> str:
        """The input of the layer: the output of the one before, or a tensor of its own."""
        if self.before is None:
            return self._tensor(f"{name}.x", shape, self.numerics.activation_bits, "input")
        made = self.tensors[self.before]
        if made.shape == shape:
            return self.before
        if made.elements == prod(shape):
            told = Copy(view=True)
            return self._op(f"{name}.view", "copy", "movement", (self.before,), shape, made.bits, told)
        return self._tensor(f"{name}.x", shape, self.numerics.activation_bits, "state")

    def _output(self, name: str, group: OpGroup, acc: str, shape: tuple[int, ...], is_last: bool) -> None:
        out = self._tensor(f"{name}.y", shape, self.numerics.activation_bits, "output" if is_last else "activation")
        self._append(f"{name}.rq", "requantise", group, (acc,), out)
        self.before = out

    def _weight(self, name: str, shape: tuple[int, ...]) -> str:
        return self._tensor(f"{name}.w", shape, self.numerics.weight_bits, "weight")

    def _op(
        self, name: str, kind: OpKind, group: OpGroup, inputs: tuple[str, ...], shape: tuple[int, ...], bits: int,
        told: Attributes | None = None,
    ) -> str:  # fmt: skip
        """Append an operation that makes a new activation; returns the activation's name."""
        out = self._tensor(f"{name}.out", shape, bits, "activation")
        self._append(name, kind, group, inputs, out, told)
        return out

    def _append(
        self, name: str, kind: OpKind, group: OpGroup, inputs: tuple[str, ...], out: str, told: Attributes | None = None
    ) -> None:
        name = _free(name, self.ops)
        self.ops[name] = Op(
            name=name, kind=kind, group=group, layer=self.current, inputs=inputs, outputs=(out,), attributes=told
        )

    def _tensor(self, name: str, shape: tuple[int, ...], bits: int, role: Role) -> str:
        name = _free(name, self.tensors)
        self.tensors[name] = TensorSpec.model_validate({"shape": shape, "bits": bits, "role": role})
        return name


def _free(name: str, taken: Container[str]) -> str:
    """``name``, or one like it: a layer may be called as a part of another."""
    while name in taken:
        name += "_"
    return name


def _zeros_behind(layer: ConvLayer) -> tuple[int, int]:
    """Zeros behind the input that make its last stride whole."""
    height, width = (
        max(0, (out - 1) * stride + kernel - size)
        for out, stride, kernel, size in zip(layer.out, layer.stride, layer.kernel, layer.size, strict=True)
    )
    return height, width


def topology_trace(
    layers: Sequence[Layer], calls: Calls, numerics: NumericsConfig, name: str, digest: str | None = None
) -> OpTrace:
    """A trace of ``layers``, one after another at each of ``calls``; ``digest``: SHA-256 of the file ``name``."""
    writer = _Writer(numerics)
    for number, layer in enumerate(layers, start=1):
        writer.layer(layer, is_last=number == len(layers))
    return OpTrace(
        schema_version=2,
        system="naive",
        placement=placement_of("naive", OP_GROUPS),
        numerics=numerics,
        tensors=writer.tensors,
        graphs={GRAPH: OpGraph(ops=tuple(writer.ops.values()))},
        utterances=calls.utterances,
        imported=Imported(
            name=name,
            sources=(Source(name=name, format=_FORMAT, digest=digest),),
            calls=calls.method,
            claim="time only",
            reason=_REASON,
        ),
    )


def layer_rows(layers: Sequence[Layer], trace: OpTrace) -> tuple[Row, ...]:
    """A row for each of the ``layers`` of a ``trace`` that was made of them, and the operations that do its work."""
    ops: dict[str, list[str]] = {layer.name: [] for layer in layers}
    for op in trace.graphs[GRAPH].ops:
        ops[op.layer].append(op.name)
    return tuple(
        Row(
            GRAPH,
            layer.name,
            "Gemm" if isinstance(layer, ProductLayer) else "Conv",
            "chip",
            tuple(ops[layer.name]),
            macs=layer.macs,
        )
        for layer in layers
    )
