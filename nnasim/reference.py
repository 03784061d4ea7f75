"""numpy executor of an OpTrace: runs its graphs on the real integers, operation by operation. The golden tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import TraceError
from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics import ops
from nnasim.numerics.activation import ActivationUnit, Function, unit_kind
from nnasim.numerics.formats import saturate
from nnasim.numerics.layer_norm import layer_norm
from nnasim.numerics.rescale import Rescale, requantise

Integers = NDArray[np.int64]


class Reference:
    """All tensors of a recogniser, and one method that runs a graph of it.

    ``constants``: weights, biases and tables by tensor name, ``OP.rescale`` rows (mult, shift) by operation.
    ``tensors``: every tensor's integers, states included; features are set by the caller as float64.
    """

    def __init__(self, trace: OpTrace, constants: Mapping[str, NDArray[Any]]) -> None:
        self.trace = trace
        self.tensors: dict[str, NDArray[Any]] = {}
        self._rescale: dict[str, Rescale] = {}
        self._units: dict[str, ActivationUnit] = {}
        self._wide: dict[str, NDArray[np.float64]] = {}
        self._input_scales = {
            f"{op.name}.rescale" for graph in trace.graphs.values() for op in graph.ops if op.kind == "quantise"
        }
        for name, values in constants.items():
            if name.endswith(".rescale"):
                self._rescale[name.removesuffix(".rescale")] = self._stored_scale(name, values)
            else:
                self.tensors[name] = self._checked(name, values)
        self.reset()

    def _stored_scale(self, name: str, rows: NDArray[Any]) -> Rescale:
        """Rows (mult, shift) of one operation; the input quantiser has 15 bits and single rounding on every chip."""
        numerics, mult_shift = self.trace.numerics, np.asarray(rows, np.int64)
        if mult_shift.ndim != 2 or mult_shift.shape[1] != 2:
            raise TraceError("weights", name, mult_shift.shape, "must be rows (mult, shift)")
        mult, shift = mult_shift.T
        if name in self._input_scales:
            return Rescale.checked(mult, shift, 15, name=name)
        return Rescale.checked(mult, shift, numerics.multiplier_bits, rounding=numerics.rounding, name=name)

    def _checked(self, name: str, values: NDArray[Any]) -> Integers:
        spec = self.trace.tensors.get(name)
        if spec is None or spec.shape != values.shape:
            wanted = "is unknown to the trace" if spec is None else f"must have shape {spec.shape}"
            raise TraceError("weights", name, values.shape, wanted)
        return values.astype(np.int64)

    def reset(self) -> None:
        """Zero every state: the start of an utterance."""
        for name, spec in self.trace.tensors.items():
            if spec.role == "state":
                self.tensors[name] = np.zeros(spec.shape, np.int64)

    def run(self, graph: str) -> None:
        """One invocation of ``graph``."""
        for op in self.trace.graphs[graph].ops:
            _RUN[op.kind](self, op)

    def _write(self, op: Op, values: NDArray[Any]) -> None:
        """Split ``values`` among the operation's outputs, in their order."""
        if len(op.outputs) == 1:
            self.tensors[op.outputs[0]] = values
            return
        flat, start = values.reshape(-1), 0
        for name in op.outputs:
            spec = self.trace.tensors[name]
            self.tensors[name] = flat[start : start + spec.elements].reshape(spec.shape)
            start += spec.elements

    def _bits(self, op: Op) -> int:
        return self.trace.tensors[op.outputs[0]].bits

    def _scale(self, op: Op) -> Rescale:
        scale = self._rescale.get(op.name)
        if scale is None:
            raise TraceError("weights", f"{op.name}.rescale", None, "is missing")
        return scale

    def quantise(self, op: Op) -> None:
        """Real features -> integers."""
        features = requantise(self.tensors[op.x], self._scale(op), self._bits(op), name=op.name)
        self._write(op, features.astype(np.int64))

    def _wide_weight(self, name: str) -> NDArray[np.float64]:
        """A weight in float64, converted once: ``ops.matmul`` multiplies there, and 6 times as fast for it."""
        if name not in self._wide:
            self._wide[name] = self.tensors[name].astype(np.float64)
        return self._wide[name]

    def matmul(self, op: Op) -> None:
        """Accumulators of a matrix product."""
        numerics = self.trace.numerics
        bias = None if op.bias is None else self.tensors[op.bias]
        x, weight = self.tensors[op.x], self._wide_weight(op.weight)
        bits, overflow = numerics.accumulator_bits, numerics.overflow
        self._write(op, ops.matmul(x, weight, bias, accumulator_bits=bits, overflow=overflow, name=op.name))

    def requantise(self, op: Op) -> None:
        """Accumulators -> the output's type."""
        self._write(op, requantise(self.tensors[op.x], self._scale(op), self._bits(op), name=op.name))

    def add(self, op: Op) -> None:
        """Both operands lie in a common domain already; the sum is requantised where the operation has a scale."""
        a, b = (self.tensors[name] for name in op.data)
        total = a + b
        scale = self._rescale.get(op.name)
        self._write(op, saturate(total, self._bits(op)) if scale is None else requantise(total, scale, self._bits(op)))

    def mul(self, op: Op) -> None:
        """Element-wise product."""
        a, b = (self.tensors[name] for name in op.data)
        self._write(op, ops.mul(a, b, self._scale(op), self._bits(op)))

    def activation(self, op: Op) -> None:
        """sigmoid or tanh by the chip's unit."""
        if op.name not in self._units:
            self._units[op.name] = self._unit(op, "tanh" if op.kind == "tanh" else "sigmoid")
        self._write(op, self._units[op.name](self.tensors[op.x]))

    def _unit(self, op: Op, function: Function) -> ActivationUnit:
        numerics, rows, bits = self.trace.numerics, self._scale(op), self._bits(op)
        parts = [rows.rows(row) for row in range(len(rows.mult))]
        kind = unit_kind(numerics.activation)
        return ActivationUnit(
            kind=kind,
            function=function,
            entry=parts[0],
            data=kind.parts(self.tensors[op.table], numerics) if op.table is not None else {},
            exit=parts[1] if bits != kind.output_bits else None,
            out_bits=bits,
        )

    def layer_norm(self, op: Op) -> None:
        """Normalised gates, in the gate domain again."""
        self._write(op, layer_norm(self.tensors[op.x], self.tensors[op.gain], op.name))

    def embedding(self, op: Op) -> None:
        """A row of the embedding."""
        self._write(op, self.tensors[op.weight][int(self.tensors[op.x][0])])

    def concat(self, op: Op) -> None:
        """One behind the other; inputs that do not fill the output push out the oldest of what it held."""
        spec = self.trace.tensors[op.outputs[0]]
        joined = np.concatenate([self.tensors[name].reshape(-1) for name in op.data])
        if joined.size < spec.elements:
            joined = np.concatenate([self.tensors[op.outputs[0]].reshape(-1), joined])
        self._write(op, joined[-spec.elements :].reshape(spec.shape))

    def argmax(self, op: Op) -> None:
        """Index of the largest logit, the first of equals."""
        self._write(op, np.atleast_1d(ops.argmax(self.tensors[op.x])))


_RUN: dict[str, Callable[[Reference, Op], None]] = {
    "quantise": Reference.quantise,
    "matmul": Reference.matmul,
    "requantise": Reference.requantise,
    "add": Reference.add,
    "mul": Reference.mul,
    "sigmoid": Reference.activation,
    "tanh": Reference.activation,
    "layer_norm": Reference.layer_norm,
    "embedding": Reference.embedding,
    "concat": Reference.concat,
    "argmax": Reference.argmax,
}


def decode(reference: Reference, features: NDArray[Any], max_symbols: int) -> tuple[list[int], list[Integers]]:
    """Greedy decoding of one utterance: stacked normalised features (T, F) -> tokens, and each joint step's logits."""
    graphs = reference.trace.graphs
    reduction = _reduction(reference.trace)
    tokens: list[int] = []
    logits: list[Integers] = []
    reference.reset()
    reference.run("prediction")
    for number, frame in enumerate(features, start=1):
        reference.tensors["features"] = frame.astype(np.float64)
        reference.run("encoder")
        if number % reduction:
            continue
        if "encoder_top" in graphs:
            reference.run("encoder_top")
        for _ in range(max_symbols):
            reference.run("joint")
            logits.append(reference.tensors["logits"].copy())
            token = int(reference.tensors["token"][0])
            if token == 0:
                break
            tokens.append(token)
            reference.run("prediction")
    return tokens, logits


def _reduction(trace: OpTrace) -> int:
    if "enc.stack" not in trace.tensors:
        return 1
    source = next(op.x for op in trace.graphs["encoder"].ops if op.name == "enc.stack")
    return trace.tensors["enc.stack"].elements // trace.tensors[source].elements
