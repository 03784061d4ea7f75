"""StepGraphs written by hand, and a normalised graph run in float."""

from collections.abc import Mapping

import numpy as np

from workloads.stepgraph.attributes import complete
from workloads.stepgraph.graph import Array, Attribute, Node, State, StepGraph, Tensor
from workloads.stepgraph.integers.between import evaluated
from workloads.stepgraph.kernels.table import apply
from workloads.stepgraph.normal.rewriting import Normal


class Sheet:
    """A StepGraph that is written node by node; shapes are found by running each node on ones."""

    def __init__(self, name: str = "model", seed: int = 0, **inputs: tuple[int, ...]) -> None:
        self.name = name
        self.random = np.random.default_rng(seed)
        self.inputs = {key: Tensor(shape) for key, shape in inputs.items()}
        self.nodes: list[Node] = []
        self.values: dict[str, Tensor] = {}
        self.constants: dict[str, Array] = {}
        self.states: list[State] = []
        self._sample: dict[str, Array] = {
            key: self.random.normal(size=shape).astype(np.float32) for key, shape in inputs.items()
        }

    def constant(self, values: object, name: str | None = None, dtype: object = np.float32) -> str:
        name = name or f"c{len(self.constants)}"
        self.constants[name] = self._sample[name] = np.array(values, dtype)
        return name

    def weight(self, *shape: int, scale: float = 1.0) -> str:
        size = shape[-1] if shape else 1
        return self.constant(self.random.normal(size=shape) * scale / np.sqrt(max(1, size)))

    def token(self, name: str, *shape: int) -> str:
        self.inputs[name] = Tensor(shape, "int64")
        self._sample[name] = np.zeros(shape, np.int64)
        return name

    def arrives(self, name: str, *shape: int) -> str:
        self.inputs[name] = Tensor(shape)
        self._sample[name] = self.random.normal(size=shape).astype(np.float32)
        return name

    def op(
        self, operator: str, *inputs: str, name: str | None = None, out: str | None = None, outputs: int = 1,
        **attributes: Attribute,
    ) -> str:  # fmt: skip
        name = name or f"{operator.lower()}{len(self.nodes)}"
        names = [f"{name}.out{index}" if outputs > 1 else f"{name}.out" for index in range(outputs)]
        if out:
            names[0] = out
        full = complete(operator, attributes, len(self._sample[inputs[0]].shape))
        made = apply(operator, full, [self._sample[key] if key else None for key in inputs])
        self.nodes.append(Node(name, operator, inputs, tuple(names), full))
        for key, value in zip(names, made, strict=True):
            self._sample[key] = value
            self.values[key] = Tensor(value.shape, str(value.dtype))
        return names[0]

    def outs(self, first: str) -> tuple[str, ...]:
        return next(node.outputs for node in self.nodes if node.outputs[0] == first)

    def shape(self, value: str) -> tuple[int, ...]:
        return self._sample[value].shape

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.constant(shape, dtype=np.int64))

    def slice(self, x: str, axis: int, start: int, end: int, step: int = 1) -> str:
        bounds = (self.constant([number], dtype=np.int64) for number in (start, end, axis, step))
        return self.op("Slice", x, *bounds)

    def state(self, input_: str, output: str, initial: str | None = None) -> None:
        self.states.append(State(input_, output, initial))

    def graph(self, *outputs: str) -> StepGraph:
        all_outputs = dict.fromkeys([*outputs, *(state.output for state in self.states)])
        return StepGraph(
            name=self.name, nodes=tuple(self.nodes), inputs=dict(self.inputs), values=dict(self.values),
            constants=dict(self.constants), outputs=tuple(all_outputs), states=tuple(self.states),
        )  # fmt: skip

    def conv(
        self, x: str, channels: int, *kernel: int, stride: int = 1, dilation: int = 1, group: int = 1,
        pads: tuple[int, ...] | None = None, bias: bool = True,
    ) -> str:  # fmt: skip
        inputs, axes = self.shape(x)[1] // group, len(kernel)
        operands = [x, self.weight(channels, inputs, *kernel), *([self.weight(channels)] if bias else [])]
        return self.op("Conv", *operands, kernel_shape=kernel, strides=(stride,) * axes, dilations=(dilation,) * axes,
                       pads=pads or (0,) * 2 * axes, group=group)  # fmt: skip

    def gru(self, x: str, units: int, h: str, linear_before_reset: int = 1, name: str = "gru") -> tuple[str, str]:
        operands = [self.weight(1, 3 * units, size) for size in (self.shape(x)[-1], units)]
        y = self.op("GRU", x, *operands, self.weight(1, 6 * units), "", h, name=name, outputs=2, hidden_size=units,
                    linear_before_reset=linear_before_reset)  # fmt: skip
        return self.outs(y)  # type: ignore[return-value]

    def attention(self, query: str, keys: str, values: str, heads: int) -> str:
        """(1, T, C) and (1, S, C) twice -> (1, T, C)."""
        _, frames, channels = self.shape(query)
        q, k, v = (
            self.op("Transpose", self.reshape(x, 1, self.shape(x)[1], heads, channels // heads), perm=(0, 2, 1, 3))
            for x in (query, keys, values)
        )
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=(0, 1, 3, 2)))
        shares = self.op("Softmax", self.op("Mul", scores, self.constant(0.5)), axis=3)
        back = self.op("Transpose", self.op("MatMul", shares, v), perm=(0, 2, 1, 3))
        return self.reshape(back, 1, frames, channels)

    def lstm(self, x: str, units: int, h: str, c: str, name: str = "lstm", projection: int = 0) -> tuple[str, str, str]:
        inputs, out = self.shape(x)[-1], projection or units
        operands = [x, self.weight(1, 4 * units, inputs), self.weight(1, 4 * units, out), self.weight(1, 8 * units),
                    "", h, c]  # fmt: skip
        operands += ["", self.weight(1, projection, units)] if projection else []
        y = self.op("LSTM", *operands, name=name, outputs=3, hidden_size=units)
        return self.outs(y)  # type: ignore[return-value]


def random_inputs(graph: StepGraph, seed: int = 1) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {
        name: random.normal(size=tensor.shape).astype(tensor.dtype)
        if tensor.dtype.startswith("float")
        else np.zeros(tensor.shape, tensor.dtype)
        for name, tensor in graph.inputs.items()
    }


def run_normal(normal: Normal, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of one call of a normalised graph, in float."""
    graph, values = normal.graph, {**normal.graph.constants, **inputs}
    for node in graph.nodes:
        operands = [values[name] if name else None for name in node.inputs]
        values.update(zip(node.outputs, evaluated(normal, node, operands), strict=True))
    return values
