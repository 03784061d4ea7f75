"""`compiler.batch_streams`: a graph's calls for several streams as one graph, whose products read their weights once.

Streams share weights and tables; whatever flows is each stream's own. An operation that works row by row is done once
for all, on a matrix with a row for each stream; any other is done for one stream after another. Rows are gathered by a
copy, which costs what a `concat` costs; that a result's rows go to where each stream wants them is part of writing it.
The results are the same integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from nnasim.compiler.unroll import Marks, joining_group, with_rows
from nnasim.ir.operands import FLOWING, PRODUCTS, OpKind
from nnasim.ir.trace import Op, OpGraph, OpTrace, TensorSpec, Unit

ROW_WISE: frozenset[OpKind] = frozenset(
    {*PRODUCTS, "quantise", "requantise", "layer_norm", "add", "mul", "sigmoid", "tanh", "table", "softmax", "argmax"}
)  # what makes of a matrix, row by row, what it makes of each row alone


class Batch(NamedTuple):
    """A graph, and the streams that it is called for at once, in the order of their rows."""

    graph: str
    streams: tuple[int, ...]


class Row(NamedTuple):
    """One stream's part of a tensor of a batch: the value of ``tensor``, a name of the trace."""

    tensor: str
    stream: int


@dataclass(frozen=True)
class Batches:
    """``trace``: with a graph for each batch; ``names``: of those graphs; ``origin``: for each operation that is new,
    the one of the trace; ``rows``: what each tensor that is new holds, of several streams one behind the other.
    """

    trace: OpTrace
    names: Mapping[Batch, str]
    origin: Mapping[str, str]
    rows: Mapping[str, tuple[Row, ...]]


def batched(trace: OpTrace, batches: Iterable[Batch], marks: Marks, *, beside: bool = True) -> Batches:
    """``trace`` with a graph for each of ``batches``. ``beside``: keep the graphs that it has.

    ``marks`` must stand in no name of the trace.
    """
    work = _Batcher(trace, marks)
    graphs = dict(trace.graphs) if beside else {}
    names = {}
    for batch in batches:
        names[batch] = f"{batch.graph}{marks.of}{_tag(batch.streams, marks)}"
        graphs[names[batch]] = work.graph(batch)
    tensors = dict(trace.tensors) if beside else work.constants()
    placement: dict[str, Unit] = {**(trace.op_placement if beside else {}), **work.placement}
    changes = {
        "graphs": graphs,
        "tensors": {**tensors, **work.tensors},
        "placement": {joining_group(trace): "nna", **trace.placement},
        "op_placement": placement,
    }
    return Batches(trace.model_copy(update=changes), names, work.origin, work.rows)


def stream_tensor(name: str, stream: int, marks: Marks) -> str:
    """The name under which ``stream`` has its own ``name``."""
    return f"{name}{marks.step}{stream}"


def _tag(streams: tuple[int, ...], marks: Marks) -> str:
    """Streams 0 to n - 1 are any n streams, in a program that only costs time."""
    if len(streams) == 1:
        return f"{marks.step}{streams[0]}"
    return str(len(streams)) if streams == tuple(range(len(streams))) else "+".join(map(str, streams))


@dataclass
class _Batcher:
    trace: OpTrace
    marks: Marks
    tensors: dict[str, TensorSpec] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    placement: dict[str, Unit] = field(default_factory=dict)

    def constants(self) -> dict[str, TensorSpec]:
        return {name: spec for name, spec in self.trace.tensors.items() if spec.role not in FLOWING}

    def graph(self, batch: Batch) -> OpGraph:
        """The graph of one batch."""
        return _Graph(self, batch).made()


class _Graph:
    """One batch's graph, operation by operation. ``matrices``: of which tensors the rows stand together now."""

    def __init__(self, work: _Batcher, batch: Batch) -> None:
        self.work, self.trace, self.marks = work, work.trace, work.marks
        self.streams, self.tag = batch.streams, _tag(batch.streams, work.marks)
        self.given = self.trace.graphs[batch.graph].ops
        self.ops: list[Op] = []
        self.matrices: dict[str, str] = {}
        self.versions: Counter[str] = Counter()
        self.together = self._together()

    def _together(self) -> set[str]:
        """Names of operations that are done once for all streams: none for a lone one.

        A product's rows must stay together, since tiles write them; those of others may go to each stream.
        """
        if len(self.streams) == 1:
            return set()
        able = {op.name for op in self.given if self._is_row_wise(op)}
        apart = {name for op in self.given if op.name not in able for name in op.inputs}
        return {
            op.name
            for op in self.given
            if op.name in able and (op.kind not in PRODUCTS or self._stays_together(op.outputs[0], apart))
        }

    def _is_row_wise(self, op: Op) -> bool:
        if op.kind not in ROW_WISE or len(op.outputs) > 1:
            return False
        if op.kind == "bmm":  # a batch already: one more axis in front of both operands
            return all(self.trace.tensors[name].role in FLOWING for name in op.data)
        specs = [self.trace.tensors[name] for name in op.data]
        return all(spec.role in FLOWING and spec.shape == specs[0].shape for spec in specs)

    def _stays_together(self, tensor: str, apart: set[str]) -> bool:
        return self.trace.tensors[tensor].role == "activation" and tensor not in apart

    def made(self) -> OpGraph:
        apart = {name for op in self.given if op.name not in self.together for name in op.inputs}
        for op in self.given:
            if op.name in self.together:
                self._once(op, apart)
            else:
                for stream in self.streams:
                    self._singly(op, stream)
            for name in op.outputs if op.name not in self.together else ():
                self.matrices.pop(name, None)
        return OpGraph.model_construct(ops=tuple(self.ops))

    def _once(self, op: Op, apart: set[str]) -> None:
        """Append ``op`` on a matrix with a row for each stream."""
        inputs = tuple(self._matrix(name, op) if name in op.data else name for name in op.inputs)
        made = op.outputs[0]
        self.matrices.pop(made, None)
        if self._stays_together(made, apart):
            outputs: tuple[str, ...] = (self._declared_matrix(made),)
        else:
            outputs = tuple(self._own(made, stream) for stream in self.streams)
        self._append(with_rows(op), f"{op.name}{self.marks.of}{self.tag}", inputs, outputs)

    def _singly(self, op: Op, stream: int) -> None:
        inputs, outputs = (
            tuple(self._own(name, stream) if self.trace.tensors[name].role in FLOWING else name for name in names)
            for names in (op.inputs, op.outputs)
        )
        name = f"{op.name}{self.marks.of}{self.tag}{self.marks.step}{stream}"
        self._append(op, name, inputs, outputs)

    def _own(self, name: str, stream: int) -> str:
        """The tensor that ``stream`` has as ``name``."""
        own = stream_tensor(name, stream, self.marks)
        self.work.tensors[own] = self.trace.tensors[name]
        self.work.rows[own] = (Row(name, stream),)
        return own

    def _matrix(self, name: str, reader: Op) -> str:
        """The tensor whose rows are the streams' ``name``: there already, brought by the host, or gathered now."""
        if name not in self.matrices:
            matrix = self._declared_matrix(name)
            if self.trace.tensors[name].role != "input":
                flat = {"kind": "concat", "group": joining_group(self.trace), "attributes": None}
                gather = reader.model_copy(update={**flat, "name": f"{name}.rows"})
                rows = tuple(self._own(name, stream) for stream in self.streams)
                self._append(gather, f"{matrix}.rows", rows, (matrix,))
                self.work.placement[f"{matrix}.rows"] = self._unit(reader)
        return self.matrices[name]

    def _unit(self, op: Op) -> Unit:
        return self.trace.op_placement.get(op.name, self.trace.placement[op.group])

    def _declared_matrix(self, name: str) -> str:
        """A new matrix of the streams' ``name``; a state that is written between two reads has one for each."""
        spec, again = self.trace.tensors[name], self.versions[name]
        self.versions[name] += 1
        matrix = f"{name}{self.marks.of}{self.tag}{f'+{again}' if again else ''}"
        role = "input" if spec.role == "input" else "activation"
        shape = (len(self.streams), *spec.shape)
        self.work.tensors[matrix] = spec.model_copy(update={"shape": shape, "role": role})
        self.work.rows[matrix] = tuple(Row(name, stream) for stream in self.streams)
        self.matrices[name] = matrix
        return matrix

    def _append(self, op: Op, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.ops.append(op.model_copy(update={"name": name, "inputs": inputs, "outputs": outputs}))
        self.work.origin[name] = op.name
        if op.name in self.trace.op_placement:
            self.work.placement[name] = self.trace.op_placement[op.name]
