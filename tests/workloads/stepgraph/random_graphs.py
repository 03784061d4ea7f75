"""Seeded random graphs over all that a chip computes, states included: small, and whatever shape their readers meet.

Every value is (T, C), so that any node may read any other. ``GROWTHS`` has a function for each kind of work, which adds
its nodes to a sheet and returns a value of that shape again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.workloads.stepgraph.hand_made import Sheet
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.standard import standard_form

T, C = 3, 8
REGISTER = 5
KEPT_FRAMES = 2  # of a convolution's cache
ROWS = 4  # of an embedding


class Growing:
    """A sheet that grows by one kind of work after the other; ``values``: what any of them may read."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.sheet = Sheet(seed=seed, x=(T, C))
        self.values = ["x"]
        self._states = 0

    def pick(self) -> str:
        """A value, of the latest five mostly."""
        recent = self.values[-5:] if self.random.random() < 0.7 else self.values
        return str(self.random.choice(recent))

    def one_of(self, *numbers: float) -> str:
        """A constant."""
        return self.sheet.constant(float(self.random.choice(numbers)))

    def maybe(self) -> bool:
        """One time in two."""
        return bool(self.random.random() < 0.5)

    def kept(self, *shape: int) -> str:
        """An input that a state is to be."""
        self._states += 1
        return self.sheet.arrives(f"kept{self._states}", *shape)

    def keep(self, input_: str, output: str) -> None:
        """Let a state become ``output``, and begin with zeros or with something else."""
        begins = self.sheet.constant(self.random.normal(size=self.sheet.shape(input_))) if self.maybe() else None
        self.sheet.state(input_, output, begins)

    def grow(self, kind: str) -> None:
        """Add work of ``kind``."""
        self.values.append(GROWTHS[kind](self))
        assert self.sheet.shape(self.values[-1]) == (T, C), kind


def function(g: Growing) -> str:
    operator = g.random.choice(["Relu", "Tanh", "Sigmoid", "Abs", "Exp", "Sin", "Softplus", "Erf", "LeakyRelu"])
    return g.sheet.op(str(operator), g.sheet.op("Tanh", g.pick()))


def factor(g: Growing) -> str:
    return g.sheet.op("Mul", g.pick(), g.one_of(0.5, 2.0, -1.5, 3.0))


def offsets(g: Growing) -> str:
    sum_ = g.sheet.op("Add", g.pick(), g.sheet.constant(g.random.normal(size=C)))
    return g.sheet.op("Mul", sum_, g.sheet.constant(g.random.normal(size=(T, 1))))


def product(g: Growing) -> str:
    made = g.sheet.op("MatMul", g.pick(), g.sheet.weight(C, C))
    return g.sheet.op("Add", made, g.sheet.weight(C)) if g.maybe() else made


def total(g: Growing) -> str:
    return g.sheet.op(str(g.random.choice(["Add", "Sub"])), g.pick(), g.pick())


def gate(g: Growing) -> str:
    return g.sheet.op("Mul", g.pick(), g.sheet.op("Sigmoid", g.pick()))


def extreme(g: Growing) -> str:
    return g.sheet.op(str(g.random.choice(["Max", "Min"])), g.pick(), g.pick())


def quotient(g: Growing) -> str:
    return g.sheet.op("Div", g.pick(), g.sheet.op("Add", g.sheet.op("Abs", g.pick()), g.sheet.constant(1.0)))


def norm(g: Growing) -> str:
    """Of a row that hardly varies, as of x - x, a norm shows the rounding alone: what nothing cancels is in it."""
    spread = g.sheet.op("Add", g.pick(), g.sheet.op("MatMul", "x", g.sheet.weight(C, C)))
    return g.sheet.op("LayerNormalization", spread, g.sheet.weight(C), g.sheet.weight(C), axis=1)


def softmax(g: Growing) -> str:
    return g.sheet.op("Softmax", g.pick(), axis=int(g.random.integers(0, 2)))


def mean(g: Growing) -> str:
    axis, x = int(g.random.integers(0, 2)), g.pick()
    if g.maybe():
        reduced = g.sheet.op("ReduceMean", x, axes=(axis,), keepdims=1)
    else:
        reduced = g.sheet.op("ReduceSum", x, g.sheet.constant([axis], dtype=np.int64), keepdims=1)
    return g.sheet.op("Mul", g.pick(), g.sheet.op("Sigmoid", reduced))


def attention(g: Growing) -> str:
    heads = (g.sheet.reshape(g.pick(), 1, T, C) for _ in range(3))
    return g.sheet.reshape(g.sheet.attention(*heads, heads=2), T, C)


def masked_attention(g: Growing) -> str:
    """Scores of what is far beyond are filled in, as of padding."""
    scores = g.sheet.op("MatMul", g.pick(), g.sheet.op("Transpose", g.pick(), perm=(1, 0)))
    mask = g.sheet.constant(np.tri(T, dtype=bool), dtype=bool)
    left = g.sheet.op("Where", mask, scores, g.sheet.constant(-1e9))
    return g.sheet.op("MatMul", g.sheet.op("Softmax", left, axis=1), g.pick())


def choice(g: Growing) -> str:
    """Either of two that are equal where the choice turns: else a rounding could decide everything."""
    a, b = g.pick(), g.pick()
    condition = g.sheet.op(str(g.random.choice(["Greater", "LessOrEqual"])), a, b)
    return g.sheet.op("Where", condition, a, b)


def joint(g: Growing) -> str:
    axis = int(g.random.integers(0, 2))
    long = g.sheet.op("Concat", g.pick(), g.pick(), axis=axis)
    start = int(g.random.integers(0, (T, C)[axis]))
    return g.sheet.slice(long, axis, start, start + (T, C)[axis])


def joint_with_a_constant(g: Growing) -> str:
    row = g.sheet.constant(4 * g.random.normal(size=(1, C)))
    return g.sheet.slice(g.sheet.op("Concat", row, g.pick(), axis=0), 0, 0, T)


def parts(g: Growing) -> str:
    sizes = g.sheet.constant([3, 5], dtype=np.int64)
    first, last = g.sheet.outs(g.sheet.op("Split", g.pick(), sizes, axis=1, outputs=2))
    return g.sheet.op("Concat", last, first, axis=1)


def pad(g: Growing) -> str:
    widths = g.sheet.constant([1, 0, 0, 0], dtype=np.int64)
    return g.sheet.slice(g.sheet.op("Pad", g.pick(), widths, g.one_of(0.0, 3.0), mode="constant"), 0, 0, T)


def transpose(g: Growing) -> str:
    turned = g.sheet.op("Transpose", g.sheet.reshape(g.pick(), T, 2, C // 2), perm=(2, 0, 1))
    return g.sheet.reshape(turned, T, C)


def stretch(g: Growing) -> str:
    row = g.sheet.op("Expand", g.sheet.slice(g.pick(), 0, 1, 2), g.sheet.constant((T, C), dtype=np.int64))
    return g.sheet.op("Add", row, g.pick()) if g.maybe() else row


def gather(g: Growing) -> str:
    return g.sheet.op("Gather", g.pick(), g.sheet.constant([2, 0, 1], dtype=np.int64), axis=0)


def embedding(g: Growing) -> str:
    token = g.sheet.token(f"token{len(g.values)}", T)
    rows = g.sheet.op("Gather", g.sheet.weight(ROWS, C, scale=3.0), token, axis=0)
    return g.sheet.op("Add", rows, g.pick())


def state(g: Growing) -> str:
    """What the call before made, which comes in a squashed form, lest it grow for ever."""
    old = g.kept(T, C)
    g.keep(old, g.sheet.op("Tanh", g.pick()))
    return g.sheet.op("Add", g.pick(), old) if g.maybe() else old


def states_handed_on(g: Growing) -> str:
    """One state holds what another held."""
    first, second = g.kept(T, C), g.kept(T, C)
    g.keep(first, g.sheet.op("Tanh", g.pick()))
    g.keep(second, first)
    return g.sheet.op("Sub", second, g.pick())


def register(g: Growing) -> str:
    old = g.kept(REGISTER, C)
    window = g.sheet.op("Concat", old, g.pick(), axis=0)
    g.keep(old, g.sheet.slice(window, 0, T, T + REGISTER))
    weights = g.sheet.constant(0.3 * g.random.normal(size=(T, T + REGISTER)))
    return g.sheet.op("MatMul", weights, window) if g.maybe() else g.sheet.slice(window, 0, 0, T)


def convolution(g: Growing) -> str:
    cache, group = g.kept(1, C, KEPT_FRAMES), int(g.random.choice([1, C]))
    channels_first = g.sheet.op("Transpose", g.pick(), perm=(1, 0))
    window = g.sheet.op("Concat", cache, g.sheet.reshape(channels_first, 1, C, T), axis=2)
    g.keep(cache, g.sheet.slice(window, 2, T, T + KEPT_FRAMES))
    made = g.sheet.conv(window, C, KEPT_FRAMES + 1, group=group)
    return g.sheet.op("Transpose", g.sheet.reshape(made, C, T), perm=(1, 0))


def lstm(g: Growing) -> str:
    h, c = g.kept(1, 1, C), g.kept(1, 1, C)
    every, *last = g.sheet.lstm(g.sheet.reshape(g.pick(), T, 1, C), C, h, c, name=f"lstm{len(g.values)}")
    for old, new in zip((h, c), last, strict=True):
        g.sheet.state(old, new)
    return g.sheet.reshape(every, T, C)


def gru(g: Growing) -> str:
    h, resets_product = g.kept(1, 1, C), int(g.maybe())
    every, last = g.sheet.gru(g.sheet.reshape(g.pick(), T, 1, C), C, h, resets_product, name=f"gru{len(g.values)}")
    g.sheet.state(h, last)
    return g.sheet.reshape(every, T, C)


GROWTHS: Mapping[str, Callable[[Growing], str]] = {
    growth.__name__: growth
    for growth in (
        function, factor, offsets, product, total, gate, extreme, quotient, norm, softmax, mean, attention,
        masked_attention, choice, joint, joint_with_a_constant, parts, pad, transpose, stretch, gather, embedding,
        state, states_handed_on, register, convolution, lstm, gru,
    )
}  # fmt: skip
KINDS = tuple(GROWTHS)


def graph_of(kind: str, seed: int) -> StepGraph:
    """A graph of one ``kind`` of work, behind a product."""
    growing = Growing(seed)
    growing.grow("product")
    growing.grow(kind)
    return standard_form(growing.sheet.graph(growing.values[-1]))


def random_graph(seed: int, size: int = 12) -> StepGraph:
    """A graph of ``size`` kinds of work, of which three values are outputs, with what arrives in one of them."""
    growing = Growing(seed)
    for kind in growing.random.choice(KINDS, size):
        growing.grow(str(kind))
    heard = growing.sheet.op("MatMul", "x", growing.sheet.weight(C, C))
    last = growing.sheet.op("Add", growing.values[-1], heard)
    others = (str(growing.random.choice(growing.values[1:])) for _ in range(2))
    return standard_form(growing.sheet.graph(*dict.fromkeys([last, *others])))
