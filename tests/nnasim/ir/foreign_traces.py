"""Small traces of version 2, one for each kind of operation that models of any origin have; for tests of all rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnasim.ir.operands import OpKind, Role
from nnasim.ir.trace import OP_GROUPS, Op, OpGraph, OpGroup, OpTrace, TensorSpec, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig

PERIOD = 0.032  # seconds between two calls

GROUPS: Mapping[OpKind, OpGroup] = {
    "quantise": "input_quantise", "matmul": "matmul", "requantise": "matmul", "add": "element_wise",
    "mul": "element_wise", "sigmoid": "gate_activation", "tanh": "cell_tanh", "layer_norm": "normalisation",
    "embedding": "embedding", "concat": "movement", "argmax": "argmax", "table": "point_wise", "conv": "convolution",
    "bmm": "attention", "softmax": "normalisation", "mean": "normalisation", "copy": "movement", "slice": "movement",
    "split": "movement", "host": "host",
}  # fmt: skip


class TraceBuilder:
    """Collects tensors and operations of one graph, ``step``, that runs once per call."""

    def __init__(self) -> None:
        self.tensors: dict[str, TensorSpec] = {}
        self.ops: list[Op] = []

    def tensor(self, name: str, *shape: int, bits: int = 8, role: Role = "activation") -> str:
        """Declare a tensor; returns its name."""
        self.tensors[name] = TensorSpec.model_validate({"shape": shape, "bits": bits, "role": role})
        return name

    def op(
        self, name: str, kind: OpKind, inputs: Sequence[str], *outputs: str, group: OpGroup | None = None, **told: Any
    ) -> str:
        """Append an operation of the node path ``name``; returns its first output."""
        data: dict[str, Any] = {
            "name": name, "kind": kind, "group": group or GROUPS[kind], "layer": name.partition("/")[0],
            "inputs": list(inputs), "outputs": list(outputs),
        }  # fmt: skip
        self.ops.append(Op.model_validate(data | ({"attributes": told} if told else {})))
        return outputs[0]

    def quantised(self, name: str, *shape: int) -> str:
        """An input ``name`` of ``shape``, quantised on the host; returns the int8 tensor."""
        self.tensor(name, *shape, bits=32, role="input")
        return self.op(f"{name}/quantise", "quantise", [name], self.tensor(f"{name}.q", *shape))

    def requantised(self, accumulators: str, out: str, role: Role = "activation", **told: Any) -> str:
        """``accumulators`` in 8 bits, as ``out``."""
        self.tensor(out, *self.tensors[accumulators].shape, role=role)
        return self.op(f"{out}/requantise", "requantise", [accumulators], out, **told)

    def conv(
        self, name: str, x: str, channels: int, kernel: tuple[int, ...], *, stride: tuple[int, ...] = (),
        dilation: tuple[int, ...] = (), groups: int = 1, pads: tuple[int, ...] = (), out: str,
    ) -> str:  # fmt: skip
        """A convolution with bias of ``x``, requantised channel by channel to ``out``."""
        ones = (1,) * len(kernel)
        told: dict[str, Any] = {
            "kernel": kernel, "stride": stride or ones, "dilation": dilation or ones, "groups": groups,
            "pads": pads or (0,) * (2 * len(kernel)),
        }  # fmt: skip
        shape = self.tensors[x].shape
        weight = self.tensor(f"{name}.w", channels, shape[0] // groups, *kernel, role="weight")
        bias = self.tensor(f"{name}.b", channels, bits=32, role="bias")
        sizes = [
            (size + told["pads"][axis] + told["pads"][len(kernel) + axis] - told["dilation"][axis] * (k - 1) - 1)
            // told["stride"][axis] + 1
            for axis, (size, k) in enumerate(zip(shape[1:], kernel, strict=True))
        ]  # fmt: skip
        accumulators = self.tensor(f"{name}.acc", channels, *sizes, bits=32)
        self.op(name, "conv", [x, weight, bias], accumulators, **told)
        return self.requantised(accumulators, out, axis=0)

    def matmul(self, name: str, x: str, units: int, *, out: str, role: Role = "activation") -> str:
        """A product of ``x`` (..., K) with a weight (units, K) and a bias, requantised to ``out``."""
        *rows, k = self.tensors[x].shape
        weight = self.tensor(f"{name}.w", units, k, role="weight")
        bias = self.tensor(f"{name}.b", units, bits=32, role="bias")
        accumulators = self.tensor(f"{name}.acc", *rows, units, bits=32)
        self.op(name, "matmul", [x, weight, bias], accumulators)
        return self.requantised(accumulators, out, role)

    def bmm(self, name: str, a: str, b: str, shape: tuple[int, ...], *, transpose_b: bool, out: str) -> str:
        """A product of two computed tensors, of ``shape``, requantised to ``out``."""
        accumulators = self.tensor(f"{name}.acc", *shape, bits=32)
        self.op(name, "bmm", [a, b], accumulators, transpose_b=transpose_b)
        return self.requantised(accumulators, out)

    def trace(self, calls: int = 3, **changes: Any) -> OpTrace:
        """The trace of ``calls`` calls, one each ``PERIOD``."""
        data: dict[str, Any] = {
            "schema_version": 2,
            "system": "naive",
            "placement": placement_of("naive", OP_GROUPS),
            "numerics": NumericsConfig(),
            "tensors": self.tensors,
            "graphs": {"step": OpGraph(ops=tuple(self.ops))},
            "utterances": (calls_of("step", calls),),
            "source": {"model": "hand-built"},
        }
        return OpTrace.model_validate(data | changes)


def calls_of(graph: str, calls: int) -> Utterance:
    """An utterance in which ``graph`` runs once per frame."""
    return Utterance(
        id=f"{calls} calls",
        audio_seconds=calls * PERIOD,
        arrivals=tuple(round((call + 1) * PERIOD, 9) for call in range(calls)),
        call_graphs=(graph,) * calls,
        call_frames=tuple(range(calls)),
    )


def conv_trace(groups: int = 1) -> OpTrace:
    """A causal convolution along time over a channel-major register (C, T), and one over two axes."""
    build = TraceBuilder()
    x = build.quantised("mel", 16, 2)
    cache = build.tensor("encoder.cache", 16, 6, role="state")
    build.op("encoder/push", "concat", [x], cache, axis=1, shift=True)
    build.conv("encoder/conv", cache, 32, (3,), stride=(2,), groups=groups, pads=(1, 0), out="encoder.y")
    picture = build.quantised("picture", 3, 9, 8)
    build.conv("front/conv", picture, 6, (3, 2), stride=(2, 1), dilation=(1, 2), pads=(1, 0, 1, 0), out="front.y")
    return build.trace()


def depthwise_trace() -> OpTrace:
    """A depthwise convolution of 16 channels, a point-wise one behind it, and SiLU by table."""
    build = TraceBuilder()
    x = build.quantised("x", 16, 10)
    y = build.conv("block/depthwise", x, 16, (5,), groups=16, out="block.d")
    y = build.conv("block/pointwise", y, 24, (1,), out="block.p")
    table = build.tensor("block.silu.table", 256, role="table")
    build.op("block/silu", "table", [y, table], build.tensor("y", 24, 6, role="output"), function="Silu")
    return build.trace()


def attention_trace(heads: int = 2, frames: int = 4, left: int = 6) -> OpTrace:
    """Attention of ``heads`` heads of 8 over ``left`` frames kept: keys and values are states."""
    build = TraceBuilder()
    size = 8
    x = build.quantised("x", frames, heads * size)
    states = dict[str, str]()
    for name in ("q", "k", "v"):
        rows = build.matmul(f"attention/{name}", x, heads * size, out=f"a.{name}")
        parted = build.tensor(f"a.{name}.parted", frames, heads, size)
        build.op(f"attention/{name}/part", "copy", [rows], parted, view=True)
        turned = build.tensor(f"a.{name}.turned", heads, frames, size)
        states[name] = build.op(f"attention/{name}/turn", "copy", [parted], turned, perm=(1, 0, 2))
        if name != "q":
            cache = build.tensor(f"a.{name}.cache", heads, left, size, role="state")
            states[name] = build.op(f"attention/{name}/push", "concat", [turned], cache, axis=1, shift=True)
    scores = build.bmm(
        "attention/scores", states["q"], states["k"], (heads, frames, left), transpose_b=True, out="a.scores"
    )
    weights = build.op("attention/softmax", "softmax", [scores], build.tensor("a.p", heads, frames, left), axis=2)
    mixed = build.bmm("attention/mix", weights, states["v"], (heads, frames, size), transpose_b=False, out="a.mixed")
    turned = build.tensor("a.back", frames, heads, size)
    build.op("attention/back", "copy", [mixed], turned, perm=(1, 0, 2))
    rows = build.tensor("a.rows", frames, heads * size)
    build.op("attention/join", "copy", [turned], rows, view=True)
    build.op("attention/residual", "add", [x, rows], build.tensor("y", frames, heads * size, role="output"))
    return build.trace()


def movement_trace() -> OpTrace:
    """slice, split along two axes, concat along an axis, copies, a mean, a subtraction and a stretched product."""
    build = TraceBuilder()
    x = build.quantised("x", 4, 6)
    left, right = build.tensor("left", 4, 2), build.tensor("right", 4, 4)
    build.op("m/split", "split", [x], left, right, axis=1)
    top, bottom = build.tensor("top", 1, 6), build.tensor("bottom", 3, 6)
    build.op("m/rows", "split", [x], top, bottom, axis=0)
    back = build.op("m/reverse", "slice", [left], build.tensor("reversed", 4, 2), axis=0, start=3, step=-1)
    joined = build.op("m/join", "concat", [back, right], build.tensor("joined", 4, 6), axis=1)
    difference = build.op("m/minus", "add", [joined, x], build.tensor("difference", 4, 6), subtract=True)
    mean = build.op("m/mean", "mean", [difference], build.tensor("mean", 4, 1), axes=(1,))
    scaled = build.op("m/scale", "mul", [difference, mean], build.tensor("scaled", 4, 6), broadcast=True)
    wide = build.op("m/stretch", "copy", [top], build.tensor("wide", 4, 6))
    build.op("m/sum", "add", [scaled, wide], build.tensor("y", 4, 6, role="output"))
    build.op("m/last", "slice", [bottom], build.tensor("last", 1, 6, role="output"), axis=0, start=2)
    return build.trace()


def host_trace() -> OpTrace:
    """An operation that only the CPU has, between two products on the chip."""
    build = TraceBuilder()
    x = build.quantised("x", 12)
    y = build.matmul("body/in", x, 20, out="body.y")
    sorted_ = build.op("body/top", "host", [y], build.tensor("body.top", 4), operator="TopK")
    build.matmul("body/out", sorted_, 3, out="y", role="output")
    return build.trace()


def two_inputs_trace() -> OpTrace:
    """Two inputs of different size, and a state of two axes that starts from values of its own."""
    build = TraceBuilder()
    x, energy = build.quantised("x", 12), build.quantised("energy", 2)
    h = build.tensor("h", 1, 8, role="state")
    both = build.op("cell/join", "concat", [x, energy], build.tensor("both", 14), axis=0)
    row = build.op("cell/row", "copy", [both], build.tensor("row", 1, 14), view=True)
    seen = build.op("cell/seen", "concat", [row, h], build.tensor("seen", 1, 22), axis=1)
    build.matmul("cell/update", seen, 8, out="update")
    build.op("cell/tanh", "tanh", ["update", build.tensor("cell.table", 256, role="table")], h)
    build.op("cell/out", "copy", [h], build.tensor("y", 1, 8, role="output"))
    return build.trace()


def residual_trace() -> OpTrace:
    """A layer norm with a bias, a residual sum, a constant addend and factor, and an argmax over each row."""
    build = TraceBuilder()
    x = build.quantised("x", 3, 16)
    y = build.matmul("block/feed", x, 16, out="fed")
    wide = build.op("block/wide", "add", [x, y], build.tensor("wide", 3, 16, bits=32))
    gain = build.tensor("block.gain", 16, bits=16, role="bias")
    shift = build.tensor("block.shift", 16, bits=32, role="bias")
    normed = build.op("block/norm", "layer_norm", [wide, gain, shift], build.tensor("normed", 3, 16, bits=32), axis=1)
    narrow = build.op("block/narrow", "requantise", [normed], build.tensor("narrow", 3, 16))
    offset = build.tensor("block.offset", 16, role="bias")
    moved = build.op("block/offset", "add", [narrow, offset], build.tensor("moved", 3, 16), broadcast=True)
    factor = build.tensor("block.factor", 1, role="bias")
    scaled = build.op("block/factor", "mul", [moved, factor], build.tensor("scaled", 3, 16), broadcast=True)
    build.op("block/best", "argmax", [scaled], build.tensor("best", 3, bits=16, role="output"), axis=1)
    return build.trace()


TRACES: Mapping[str, Callable[[], OpTrace]] = {
    "conv": conv_trace,
    "grouped conv": lambda: conv_trace(4),
    "depthwise": depthwise_trace,
    "attention": attention_trace,
    "movement": movement_trace,
    "host": host_trace,
    "two inputs": two_inputs_trace,
    "residual": residual_trace,
}
