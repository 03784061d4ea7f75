"""StepGraph: one call of a streaming model, as records. Readers of foreign models make it, all later work reads it.

A StepGraph is concrete: every shape is a tuple of numbers, every branch is decided, what depends on constants alone is
a constant. Every reader ends in ``standard.standard_form``, which says each thing in one way: so two readers of one
model give equal graphs once names are made canonical.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.stepgraph.affine import Affine

Array = NDArray[Any]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...]

# ONNX's names and meaning, opset 17 where opsets differ, attributes that have a default there written out.
PointWise = Literal[
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp",
    "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid",
    "Sign", "Sin", "Sinh", "Softplus", "Sqrt", "Tanh",
]  # fmt: skip
Pairwise = Literal["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Equal", "Less", "LessOrEqual", "Greater",
                   "GreaterOrEqual", "And", "Or", "Mod"]  # fmt: skip
Product = Literal["MatMul", "Conv", "ConvTranspose", "LSTM", "GRU", "Gather"]
Reduction = Literal["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ArgMax", "Softmax", "LogSoftmax",
                    "LayerNormalization", "CumSum"]  # fmt: skip
Movement = Literal["Concat", "Slice", "Split", "Transpose", "Reshape", "Expand", "Pad", "Where", "Cast", "Not",
                   "GatherElements", "ScatterElements", "TopK"]  # fmt: skip
Operator = PointWise | Pairwise | Product | Reduction | Movement
OPERATORS: tuple[str, ...] = tuple(
    name for kind in (PointWise, Pairwise, Product, Reduction, Movement) for name in get_args(kind)
)
"""The closed vocabulary. A reader rewrites what it can into these (Gemm, BatchNormalization, Identity, Squeeze, Swish
...) and refuses the rest by name."""


@dataclass(frozen=True)
class Tensor:
    """Shape and element type of a value."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def elements(self) -> int:
        """Number of elements; 1 of a scalar."""
        return prod(self.shape)


@dataclass(frozen=True)
class Node:
    """One operation. ``inputs``: names of values, "" if an optional one is absent.

    An LSTM is ONNX's: inputs X (T, 1, I), W (1, 4H, I), R (1, 4H, P or H), B (1, 8H), sequence_lens "", initial_h,
    initial_c. ONNX's own peepholes must be absent; after them, at place 8, is the projection (1, P, H) that ONNX's
    lacks; gates in ONNX's order input, output, forget, cell. A GRU is ONNX's too, ``linear_before_reset`` 1 where it is
    torch's. Both run forward in time and have ``hidden_size``.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def operands(self) -> tuple[str, ...]:
        """The inputs that are there."""
        return tuple(name for name in self.inputs if name)


@dataclass(frozen=True)
class State:
    """A value that one call hands to the next: what ``output`` is after a call, ``input`` is before the next one.

    ``initial``: the constant it starts from; None for zeros.
    """

    input: str
    output: str
    initial: str | None = None


@dataclass(frozen=True)
class FoldedNode:
    """A node of the origin that does not run: constants alone decide it, it changes nothing, or its result is not read.

    ``operator``: the origin's word.
    """

    name: str
    operator: str


@dataclass(frozen=True, eq=False)
class StepGraph:
    """One call of a model. ``nodes`` in an order in which they may run.

    ``inputs``: what arrives at each call, states included; ``values``: shape and type of every value that a node makes;
    ``constants``: weights and whatever was folded; ``outputs``: what a call gives, states included. ``origin``: the
    file or module, its format and version. ``folded``: nodes of the origin that do not run. ``affine``: how a file that
    is quantised already stores values and constants; here they are the reals that its integers stand for.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: Mapping[str, Tensor]
    values: Mapping[str, Tensor]
    constants: Mapping[str, Array]
    outputs: tuple[str, ...]
    states: tuple[State, ...] = ()
    folded: tuple[FoldedNode, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)
    affine: Mapping[str, Affine] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        """Equal records, constants element by element; origin, what was folded and how a file stores it are not."""
        if not isinstance(other, StepGraph):
            return NotImplemented
        same = (self.nodes, dict(self.inputs), dict(self.values), self.outputs, self.states) == (
            other.nodes, dict(other.inputs), dict(other.values), other.outputs, other.states
        )  # fmt: skip
        return same and self.constants.keys() == other.constants.keys() and all(
            np.array_equal(values, other.constants[name]) for name, values in self.constants.items()
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    def tensor(self, name: str) -> Tensor:
        """Shape and type of an input, a value or a constant. Raises KeyError for an unknown name."""
        if name in self.inputs:
            return self.inputs[name]
        if name in self.values:
            return self.values[name]
        constant = self.constants[name]
        return Tensor(tuple(constant.shape), str(constant.dtype))

    def is_constant(self, name: str) -> bool:
        """Whether ``name`` is the same at every call."""
        return name in self.constants

    @property
    def audio(self) -> tuple[str, ...]:
        """Inputs that are no state: what arrives from outside at each call."""
        kept = {state.input for state in self.states}
        return tuple(name for name in self.inputs if name not in kept)

    def canonical(self) -> StepGraph:
        """The same graph under names and in an order that depend on structure alone: to compare two readers' work."""
        graph = replace(self, nodes=tuple(_depth_first(self)))
        names = dict(_canonical_names(graph))
        nodes = tuple(
            replace(
                node, name=f"n{index}", inputs=tuple(names.get(name, name) for name in node.inputs),
                outputs=tuple(names[name] for name in node.outputs),
            )
            for index, node in enumerate(graph.nodes)
        )  # fmt: skip
        return StepGraph(
            name="",
            nodes=nodes,
            inputs={names[name]: tensor for name, tensor in self.inputs.items()},
            values={names[name]: tensor for name, tensor in self.values.items() if name in names},
            constants={names[name]: values for name, values in self.constants.items() if name in names},
            outputs=tuple(names[name] for name in self.outputs),
            states=tuple(
                State(names[state.input], names[state.output], None if state.initial is None else names[state.initial])
                for state in self.states
            ),
        )


def _depth_first(graph: StepGraph) -> Iterator[Node]:
    """The nodes that outputs depend on, each after its operands in their order."""
    made_by = {name: node for node in graph.nodes for name in node.outputs}
    waiting = [(made_by[name], False) for name in reversed(graph.outputs) if name in made_by]
    done = set[str]()
    while waiting:
        node, ready = waiting.pop()
        if node.outputs[0] in done:
            continue
        if ready:
            done.add(node.outputs[0])
            yield node
            continue
        waiting.append((node, True))
        waiting += [(made_by[name], False) for name in reversed(node.operands) if name in made_by]


def _canonical_names(graph: StepGraph) -> Iterator[tuple[str, str]]:
    """(name, canonical name) of inputs, then of constants and values in the order in which nodes name them."""
    yield from ((name, f"x{index}") for index, name in enumerate(graph.inputs))
    yield from ((name, f"v{index}") for index, name in enumerate(_made(graph)))
    yield from ((name, f"c{index}") for index, name in enumerate(_named_constants(graph)))


def _made(graph: StepGraph) -> Iterator[str]:
    for node in graph.nodes:
        yield from node.outputs


def _named_constants(graph: StepGraph) -> dict[str, None]:
    """Constants in the order in which nodes, states and outputs name them."""
    named = [name for node in graph.nodes for name in node.operands]
    named += [state.initial for state in graph.states if state.initial is not None] + list(graph.outputs)
    return dict.fromkeys(name for name in named if name in graph.constants)
