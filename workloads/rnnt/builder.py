"""Shape + numerics -> op graphs of encoder step, prediction step and joint step.

The order of an LSTM's four gates on the chip is input, forget, output, cell: the three sigmoids are one contiguous
block, so one pass of the activation unit serves them.
"""

from __future__ import annotations

from nnasim import limits
from nnasim.errors import ConfigError
from nnasim.ir.operands import OpKind, Role
from nnasim.ir.trace import (
    Op,
    OpGraph,
    OpGroup,
    OpTrace,
    System,
    TensorSpec,
    Utterance,
    placement_of,
)
from nnasim.numerics.activation import unit_kind
from nnasim.numerics.config import NumericsConfig
from workloads.rnnt.shapes import RnntShape

LONGEST_TRACE = limits.TRACE_CALLS


class GraphBuilder:
    """Collects tensors and operations; every tensor is declared by the operation that makes it."""

    def __init__(self, numerics: NumericsConfig, system: System) -> None:
        self.numerics, self.system = numerics, system
        self.is_float = system in ("float", "cpu_int8")  # the values between the products
        self.tensors: dict[str, TensorSpec] = {}
        self.graphs: dict[str, list[Op]] = {}
        self.unit_bits = 32 if self.is_float else unit_kind(numerics.activation).output_bits

    @property
    def act_bits(self) -> int:
        """Bits of a layer's input and of h."""
        return 32 if self.is_float else self.numerics.activation_bits

    @property
    def weight_bits(self) -> int:
        """Bits of a weight: the chip's, or the CPU's int8."""
        return 32 if self.system == "float" else 8 if self.system == "cpu_int8" else self.numerics.weight_bits

    def tensor(self, name: str, shape: tuple[int, ...], bits: int, role: Role = "activation") -> str:
        """Declare a tensor; returns its name. In float everything between the products has 32 bits."""
        return self._declare(name, shape, 32 if self.is_float else bits, role)

    def weight(self, name: str, shape: tuple[int, ...], bits: int | None = None) -> str:
        """Declare a weight; returns its name. ``bits``: on the chip, if they are not the weights' own."""
        return self._declare(name, shape, self.weight_bits if self.is_float else bits or self.weight_bits, "weight")

    def _declare(self, name: str, shape: tuple[int, ...], bits: int, role: Role) -> str:
        spec = TensorSpec.model_validate({"shape": shape, "bits": bits, "role": role})
        if self.tensors.setdefault(name, spec) != spec:
            raise ValueError(f"tensor {name} declared twice with different shapes")
        return name

    def op(self, graph: str, name: str, kind: OpKind, group: OpGroup, inputs: tuple[str, ...], *outputs: str) -> None:
        """Append an operation to ``graph``; its layer is the first part of its name."""
        layer = name.partition(".")[0]
        self.graphs.setdefault(graph, []).append(
            Op(name=name, kind=kind, group=group, layer=layer, inputs=inputs, outputs=outputs)
        )

    def matmul(
        self, graph: str, name: str, x: str, weight: str, n: int, k: int, *, bias: bool, out: str, bits: int = 32,
        role: Role = "activation", group: OpGroup = "matmul",
    ) -> str:  # fmt: skip
        """weight (n, k) times x (k,), plus bias, requantised to ``out`` (n,); returns ``out``."""
        operands = [self._operand(graph, name, x, k), self.weight(weight, (n, k))]
        if bias:
            operands.append(self.tensor(f"{name}.bias", (n,), 32, "bias"))
        acc = self.tensor(f"{name}.acc", (n,), self.numerics.accumulator_bits)
        self.op(graph, name, "matmul", group, tuple(operands), acc)
        self.op(graph, f"{name}.rq", "requantise", group, (acc,), self.tensor(out, (n,), bits, role))
        return out

    def _operand(self, graph: str, name: str, x: str, k: int) -> str:
        """The operand of the product ``name`` from ``x`` (k,): itself, or its int8 in a range found at run time."""
        if self.system != "cpu_int8":
            return x
        quantised = self._declare(f"{name}.int8", (k,), 8, "activation")
        self.op(graph, f"{name}.quantise", "quantise", "element_wise", (x,), quantised)
        return quantised

    def table(self, name: str) -> tuple[str, ...]:
        """The constants of one activation function in one layer: () for units that need none."""
        tables = unit_kind(self.numerics.activation).tables(self.numerics)
        if self.is_float or not tables:
            return ()
        entries, bits = sum(table.entries for table in tables), max(table.bits for table in tables)
        return (self.tensor(name, (entries,), bits, "table"),)

    def layer_norm(self, graph: str, name: str, x: str, size: int) -> str:
        """Integer layer norm of ``x`` (size,) in the gate domain; returns the normalised tensor's name."""
        gain = self.tensor(f"{name}.gain", (size,), 16, "bias")
        out = self.tensor(f"{name}.out", (size,), 32)
        self.op(graph, name, "layer_norm", "element_wise", (x, gain), out)
        return out

    def lstm(self, graph: str, layer: str, x: str, inputs: int, units: int, *, layer_norm: bool = False) -> str:
        """One step of an LSTM layer on x (inputs,); returns the name of its new h (units,), a state."""
        h = self.tensor(f"{layer}.h", (units,), self.act_bits, "state")
        c = self.tensor(f"{layer}.c", (units,), self.numerics.cell_bits, "state")
        gx = self.matmul(graph, f"{layer}.x", x, f"{layer}.wx", 4 * units, inputs, bias=True, out=f"{layer}.gx")
        gh = self.matmul(graph, f"{layer}.h_mm", h, f"{layer}.wh", 4 * units, units, bias=False, out=f"{layer}.gh")
        if layer_norm:
            gx = self.layer_norm(graph, f"{layer}.norm_x", gx, 4 * units)
            gh = self.layer_norm(graph, f"{layer}.norm_h", gh, 4 * units)
        z_ifo = self.tensor(f"{layer}.z_ifo", (3 * units,), 16)
        z_g = self.tensor(f"{layer}.z_g", (units,), 16)
        self.op(graph, f"{layer}.gates", "add", "element_wise", (gx, gh), z_ifo, z_g)
        # One pass of the unit serves three gates: an output of several tensors is split among them, in their order.
        i, f, o, g = (self.tensor(f"{layer}.{gate}", (units,), self.unit_bits) for gate in "ifog")
        sigmoid, tanh = self.table(f"{layer}.sigmoid.table"), self.table(f"{layer}.tanh.table")
        self.op(graph, f"{layer}.sigmoid", "sigmoid", "gate_activation", (z_ifo, *sigmoid), i, f, o)
        self.op(graph, f"{layer}.tanh", "tanh", "gate_activation", (z_g, *tanh), g)
        keep, update = self.tensor(f"{layer}.fc", (units,), 32), self.tensor(f"{layer}.ig", (units,), 32)
        self.op(graph, f"{layer}.forget", "mul", "element_wise", (f, c), keep)
        self.op(graph, f"{layer}.input", "mul", "element_wise", (i, g), update)
        self.op(graph, f"{layer}.cell", "add", "element_wise", (keep, update), c)
        tc = self.tensor(f"{layer}.tc", (units,), self.unit_bits)
        self.op(graph, f"{layer}.tanh_c", "tanh", "cell_tanh", (c, *self.table(f"{layer}.tanh_c.table")), tc)
        self.op(graph, f"{layer}.output", "mul", "element_wise", (o, tc), h)
        return h


def build_graphs(
    shape: RnntShape, numerics: NumericsConfig, system: System
) -> tuple[dict[str, TensorSpec], dict[str, OpGraph]]:
    """Tensors and graphs: ``encoder``, ``encoder_top`` (after a reduction), ``prediction``, ``joint``."""
    build = GraphBuilder(numerics, system)
    _encoder(build, shape)
    _prediction(build, shape)
    _joint(build, shape)
    return build.tensors, {name: OpGraph(ops=tuple(ops)) for name, ops in build.graphs.items()}


def _encoder(build: GraphBuilder, shape: RnntShape) -> None:
    features = build.tensor("features", (shape.input_features,), 32, "input")
    x, size, units = build.tensor("enc.x", (shape.input_features,), build.act_bits), shape.input_features, 0
    build.op("encoder", "enc.quantise", "quantise", "input_quantise", (features,), x)
    graph, units = "encoder", shape.encoder_units
    for layer in range(shape.encoder_before):
        x = build.lstm(graph, f"enc{layer}", x, size, units, layer_norm=shape.layer_norm)
        size = units
    if shape.reduction > 1:
        stack = build.tensor("enc.stack", (shape.reduction * units,), build.act_bits, "state")
        build.op(graph, "enc.stack", "concat", "element_wise", (x,), stack)
        graph, x, size = "encoder_top", stack, shape.reduction * units
    for layer in range(shape.encoder_before, shape.encoder_before + shape.encoder_after):
        x = build.lstm(graph, f"enc{layer}", x, size, units, layer_norm=shape.layer_norm)
        size = units
    build.matmul(
        graph,
        "joint_enc.mm",
        x,
        "joint_enc.w",
        shape.joint_units,
        units,
        bias=True,
        out="joint.enc",
        role="state",
    )


def _prediction(build: GraphBuilder, shape: RnntShape) -> None:
    token = build.tensor("token", (1,), 16, "state")
    # Rows are copied as they are, so they have the bits of an activation.
    rows = build.weight("embedding.w", (shape.outputs, shape.embedding), build.act_bits)
    x = build.tensor("pred.x", (shape.embedding,), build.act_bits)
    build.op("prediction", "embedding.lookup", "embedding", "embedding", (token, rows), x)
    size, units = shape.embedding, shape.prediction_units
    for layer in range(shape.prediction_layers):
        x = build.lstm("prediction", f"pred{layer}", x, size, units, layer_norm=shape.layer_norm)
        size = units
    build.matmul(
        "prediction", "joint_pred.mm", x, "joint_pred.w", shape.joint_units, units, bias=False,
        out="joint.pred", role="state",
    )  # fmt: skip


def _joint(build: GraphBuilder, shape: RnntShape) -> None:
    z = build.tensor("joint.z", (shape.joint_units,), 16)
    build.op("joint", "joint.add", "add", "element_wise", ("joint.enc", "joint.pred"), z)
    out = build.tensor("joint.t", (shape.joint_units,), build.act_bits)
    build.op("joint", "joint.tanh", "tanh", "joint_tanh", (z, *build.table("joint.tanh.table")), out)
    logits = build.matmul(
        "joint", "output.mm", out, "output.w", shape.outputs, shape.joint_units, bias=True, out="logits",
        group="output_layer",
    )  # fmt: skip
    build.op("joint", "output.argmax", "argmax", "argmax", (logits,), "token")


def step_calls(shape: RnntShape, emitted: list[int]) -> tuple[list[str], list[int]]:
    """(graph of each call, its frame) of greedy decoding, in order: ``emitted[t]`` symbols leave at encoder output t.

    The prediction network runs once before the first frame (on the blank) and once per symbol; the joint runs once
    per symbol and once per encoder output for the blank that ends it.
    """
    graphs, frames = ["prediction"], [0]
    top = ["encoder_top"] if shape.reduction > 1 else []
    for output, symbols in enumerate(emitted):
        calls = [["encoder"]] * shape.reduction
        for step, names in enumerate(calls):
            graphs += names
            frames += [output * shape.reduction + step] * len(names)
        tail = [*top, *["joint", "prediction"] * symbols, "joint"]
        graphs += tail
        frames += [(output + 1) * shape.reduction - 1] * len(tail)
    return graphs, frames


def spread(symbols: int, outputs: int) -> list[int]:
    """``symbols`` spread evenly over ``outputs`` encoder outputs."""
    return [(t + 1) * symbols // outputs - t * symbols // outputs for t in range(outputs)]


def symbolic_utterance(shape: RnntShape, frames: int, symbols: int) -> Utterance:
    """An utterance of ``frames`` input frames that emits ``symbols`` evenly.

    Raises ConfigError for impossible counts.
    """
    if frames < shape.reduction or frames % shape.reduction:
        raise ConfigError("trace", "frames", frames, f"must be a positive multiple of the reduction {shape.reduction}")
    if symbols < 0:
        raise ConfigError("trace", "symbols", symbols, "must not be negative")
    if frames + 2 * symbols > LONGEST_TRACE:
        allowed = f"frames and twice the symbols, {symbols}, must be at most {LONGEST_TRACE:,} calls"
        raise ConfigError("trace", "frames", frames, allowed)
    outputs = frames // shape.reduction
    emitted = spread(symbols, outputs)
    graphs, calls = step_calls(shape, emitted)
    period = shape.frame_ms / 1e3
    emissions = [(t + 1) * shape.reduction - 1 for t, count in enumerate(emitted) for _ in range(count)]
    return Utterance(
        id=f"{shape.name}-{frames}x{symbols}",
        audio_seconds=frames * period,
        arrivals=tuple(round((t + 1) * period, 9) for t in range(frames)),
        call_graphs=tuple(graphs),
        call_frames=tuple(calls),
        emissions=tuple(emissions),
    )


def build_trace(
    shape: RnntShape,
    frames: int,
    symbols: int,
    *,
    system: System = "aat",
    numerics: NumericsConfig | None = None,
) -> OpTrace:
    """A trace from a shape alone: what decoding ``frames`` input frames into ``symbols`` symbols performs."""
    numerics = numerics or NumericsConfig()
    tensors, graphs = build_graphs(shape, numerics, system)
    return OpTrace(
        system=system,
        placement=placement_of(system),
        numerics=numerics,
        tensors=tensors,
        graphs=graphs,
        utterances=(symbolic_utterance(shape, frames, symbols),),
        source={"shape": shape.name, "frames": frames, "symbols": symbols, "weights": shape.weights},
    )
