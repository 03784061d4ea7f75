"""Random traces of version 2: what no hand would build, views of views, weights shared, states read late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from random import Random

from nnasim.ir.trace import OpGraph, OpTrace
from tests.nnasim.ir.foreign_traces import PERIOD, TraceBuilder

SIZES = (4, 6, 8, 16)
Shape = tuple[int, ...]


class RandomGraph:
    """A graph that grows operation by operation; ``values``: 8-bit tensors that the next one may read."""

    def __init__(self, rng: Random, build: TraceBuilder, prefix: str) -> None:
        self.rng, self.build, self.prefix = rng, build, prefix
        self.values: list[str] = []
        self.states: list[str] = []
        self.views: dict[str, str] = {}
        self.kinds: tuple[Callable[[str, str], None], ...] = (
            self.matmul, self.shared_matmul, self.conv, self.bmm, self.point_wise, self.two_parts, self.softmax,
            self.transpose, self.view, self.slice, self.split, self.concat, self.shift, self.overwrite, self.pair,
            self.mean,
        )  # fmt: skip

    def grow(self, count: int) -> None:
        """Append at most ``count`` operations; one that its operands do not suit is left out."""
        for number in range(count):
            name = f"{self.prefix}{self.rng.randrange(4)}/{number}"
            x = self.rng.choice(self.values)
            kind = self.rng.choice(self.kinds) if len(self.shape(x)) == 2 else self.view
            kind(name, x)

    def shape(self, value: str) -> Shape:
        return self.build.tensors[value].shape

    def new(self, name: str, *shape: int) -> str:
        value = self.build.tensor(f"{name}.y{len(self.build.tensors)}", *shape)
        self.values.append(value)
        return value

    def like(self, fits: Callable[[Shape], bool]) -> str:
        """Any value of two axes whose shape ``fits``; there is one."""
        return self.rng.choice([v for v in self.values if len(self.shape(v)) == 2 and fits(self.shape(v))])

    def base(self, value: str) -> str:
        while value in self.views:
            value = self.views[value]
        return value

    def state_written(self, state: str) -> None:
        """Views of what it was may not be read any more."""
        self.values = [value for value in self.values if value not in self.views or self.base(value) != state]

    # --- one operation of each kind ---------------------------------------------------------------------------------

    def matmul(self, name: str, x: str) -> None:
        self.values.append(self.build.matmul(name, x, self.rng.choice((1, 3, 8, 20)), out=f"{name}.out"))

    def shared_matmul(self, name: str, x: str) -> None:
        tensors, k = self.build.tensors, self.shape(x)[-1]
        weights = [w for w, spec in tensors.items() if spec.role == "weight" and spec.shape[1:] == (k,)]
        if weights:
            weight = self.rng.choice(weights)
            bias = [weight.removesuffix(".w") + ".b"] if self.rng.random() < 0.5 else []
            acc = self.build.tensor(f"{name}.acc", self.shape(x)[0], tensors[weight].shape[0], bits=32)
            self.build.op(name, "matmul", [x, weight, *bias], acc)
            self.values.append(self.build.requantised(acc, f"{name}.out"))

    def conv(self, name: str, x: str) -> None:
        channels, size = self.shape(x)
        groups = self.rng.choice([count for count in range(1, channels + 1) if channels % count == 0])
        made = self.build.conv(
            name, x, groups * self.rng.choice((1, 2, 3)), (self.rng.randint(1, min(3, size)),), groups=groups,
            stride=(self.rng.choice((1, 2)),), pads=(self.rng.randrange(2), self.rng.randrange(2)), out=f"{name}.out",
        )  # fmt: skip
        self.values.append(made)

    def bmm(self, name: str, x: str) -> None:
        rows, k = self.shape(x)
        b = self.like(lambda shape: shape[1] == k)
        out = f"{name}.out"
        self.values.append(self.build.bmm(name, x, b, (rows, self.shape(b)[0]), transpose_b=True, out=out))

    def point_wise(self, name: str, x: str) -> None:
        table = self.build.tensor(f"{name}.table", 256, role="table")
        self.build.op(name, self.rng.choice(("table", "sigmoid", "tanh")), [x, table], self.new(name, *self.shape(x)))

    def two_parts(self, name: str, x: str) -> None:
        rows, size = self.shape(x)
        if size > 1:
            table, left = self.build.tensor(f"{name}.table", 256, role="table"), self.rng.randint(1, size - 1)
            parts = self.new(name, rows, left), self.new(name, rows, size - left)
            self.build.op(name, "sigmoid", [x, table], *parts)

    def softmax(self, name: str, x: str) -> None:
        self.build.op(name, "softmax", [x], self.new(name, *self.shape(x)), axis=self.rng.randrange(2))

    def transpose(self, name: str, x: str) -> None:
        self.build.op(name, "copy", [x], self.new(name, *self.shape(x)[::-1]), perm=(1, 0))

    def view(self, name: str, x: str) -> None:
        elements = prod(self.shape(x))
        rows = self.rng.choice([rows for rows in range(1, elements + 1) if elements % rows == 0])
        shape = (rows, elements // rows) if self.rng.random() < 0.8 else (1, rows, elements // rows)
        shown = self.build.op(name, "copy", [x], self.new(name, *shape), view=True)
        self.views[shown] = x

    def slice(self, name: str, x: str) -> None:
        shape, axis = list(self.shape(x)), self.rng.randrange(2)
        start, step = self.rng.randrange(shape[axis]), self.rng.choice((1, 2, -1))
        room = (shape[axis] - 1 - start) // step + 1 if step > 0 else start + 1
        shape[axis] = self.rng.randint(1, room)
        self.build.op(name, "slice", [x], self.new(name, *shape), axis=axis, start=start, step=step)

    def split(self, name: str, x: str) -> None:
        shape, axis = self.shape(x), self.rng.randrange(2)
        if shape[axis] > 1:
            first = self.rng.randint(1, shape[axis] - 1)
            sizes = [[*shape[:axis], size, *shape[axis + 1 :]] for size in (first, shape[axis] - first)]
            self.build.op(name, "split", [x], *(self.new(name, *part) for part in sizes), axis=axis)

    def concat(self, name: str, x: str) -> None:
        shape, axis = list(self.shape(x)), self.rng.randrange(2)
        other = self.like(lambda others: others[1 - axis] == shape[1 - axis])
        shape[axis] += self.shape(other)[axis]
        self.build.op(name, "concat", [x, other], self.new(name, *shape), axis=axis)

    def shift(self, name: str, x: str) -> None:
        shape, axis = self.shape(x), self.rng.randrange(2)
        for state in self.states:
            held = self.shape(state)
            if held[1 - axis] == shape[1 - axis] and held[axis] >= shape[axis] and self.base(x) != state:
                self.build.op(name, "concat", [x], state, axis=axis, shift=True)
                self.state_written(state)
                return

    def overwrite(self, name: str, x: str) -> None:
        for state in self.states:
            if self.shape(state) == self.shape(x) and self.base(x) != state:
                self.build.op(name, "add", [x, self.rng.choice((x, state))], state)
                self.state_written(state)
                return

    def pair(self, name: str, x: str) -> None:
        other = self.like(lambda shape: shape == self.shape(x))
        kind = self.rng.choice(("add", "mul"))
        self.build.op(name, kind, [x, other], self.new(name, *self.shape(x)))

    def mean(self, name: str, x: str) -> None:
        shape, axis = list(self.shape(x)), self.rng.randrange(2)
        shape[axis] = 1
        self.build.op(name, "mean", [x], self.new(name, *shape), axes=(axis,))


def random_trace(seed: int) -> OpTrace:
    """A trace of one or two graphs, the second of which reads states of the first; a few operations on the CPU."""
    rng = Random(seed)
    build = TraceBuilder()
    first = RandomGraph(rng, build, "a")
    first.states = [
        build.tensor(f"state{number}", rng.randint(1, 4), rng.choice(SIZES), role="state")
        for number in range(rng.randint(1, 4))
    ]
    first.values = [*first.states]
    for number in range(rng.randint(1, 2)):
        first.values.append(build.quantised(f"in{number}", rng.randint(1, 4), rng.choice(SIZES)))
    first.grow(rng.randint(3, 30))
    graphs = {"first": OpGraph(ops=tuple(build.ops))}
    if rng.random() < 0.5:
        build.ops = []
        own = build.tensor("own", rng.randint(1, 4), rng.choice(SIZES), role="state")
        second = RandomGraph(rng, build, "b")
        second.states, second.values = [own], [own, *first.states]
        second.view("b/own", own)
        second.grow(rng.randint(1, 12))
        graphs["second"] = OpGraph(ops=tuple(build.ops))
    names = [op.name for graph in graphs.values() for op in graph.ops]
    moved = dict.fromkeys((name for name in names if rng.random() < 0.1), "cpu")
    frames = rng.randint(2, 5)
    calls = [(name, frame) for frame in range(frames) for name in _calls(rng, graphs)]
    utterance = {
        "id": str(seed), "audio_seconds": frames * PERIOD, "arrivals": [(t + 1) * PERIOD for t in range(frames)],
        "call_graphs": [name for name, _ in calls], "call_frames": [frame for _, frame in calls],
    }  # fmt: skip
    return build.trace(graphs=graphs, utterances=[utterance], op_placement=moved)


def _calls(rng: Random, graphs: dict[str, OpGraph]) -> Iterator[str]:
    """The first graph once a frame, the second as often as a joint runs."""
    yield "first"
    if "second" in graphs:
        yield from ["second"] * rng.randrange(3)
