"""Several calls of a graph as one graph, in which matmuls that no recurrence runs through are done once.

Such a matmul (an LSTM layer's input projection) then has a row per call, so its weights are read once for all of
them; the recurrent part stays one step after another. Layer by layer: the projection of all frames, then their steps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from nnasim.ir.attributes import Axis, Concat
from nnasim.ir.operands import FLOWING
from nnasim.ir.order import views_of
from nnasim.ir.trace import Op, OpGraph, OpGroup, OpTrace, TensorSpec

ROW_WISE = ("quantise", "requantise", "layer_norm")  # what may stand before and behind a projection, row by row


class Call(NamedTuple):
    """One call of a chunk: its graph, and its frame, counted from the chunk's first."""

    graph: str
    frame: int


class Marks(NamedTuple):
    """The separators between a name and the suffix that makes it unique: ``of``: in names of a chunk; ``step``: of one
    call.
    """

    of: str
    step: str


class Heard(NamedTuple):
    """The content of a chunk's input: an input of the trace and its frames, counted from the chunk's first."""

    input: str
    frames: tuple[int, ...]


class Place(NamedTuple):
    """The place of an operation: done once for all calls or not, and in which segment of the new graph."""

    merged: bool
    segment: int


@dataclass(frozen=True)
class Unrolled:
    """The new graph, the tensors it declares, the origin of each of its operations, and the content of its inputs."""

    graph: OpGraph
    tensors: dict[str, TensorSpec]
    origin: dict[str, str]
    heard: dict[str, Heard]


def joining_group(trace: OpTrace) -> OpGroup:
    """The group of the copies that join a chunk's calls."""
    return "element_wise" if trace.schema_version == 1 else "movement"


def reads(trace: OpTrace, op: Op, views: Mapping[str, str]) -> tuple[str, ...]:
    """The tensors, without constants, whose value ``op`` depends on; for a view, the name of its tensor."""
    old = op.outputs[:1] if trace.shifts(op) else ()
    flowing = (name for name in op.data if trace.tensors[name].role in FLOWING)
    return (*old, *(views.get(name, name) for name in flowing))


def carried(trace: OpTrace, ops: Sequence[Op]) -> dict[str, tuple[int, int]]:
    """Tensors that bring a value from the call before: (first position that reads it so, last that writes)."""
    first: dict[str, int] = {}
    written: dict[str, int] = {}
    views = views_of(ops)
    for position, op in enumerate(ops):
        for name in reads(trace, op, views):
            if name not in written and trace.tensors[name].role != "input":
                first.setdefault(name, position)
        written.update(dict.fromkeys(op.outputs, position))
    return {name: (position, written.get(name, -1)) for name, position in first.items()}


def places(trace: OpTrace, ops: Sequence[tuple[str, Op]], once: frozenset[str]) -> list[Place]:
    """The operations that are merged. ``ops``: (graph, operation) of one round; ``once``: graphs that run only once.

    Merged are operations that work row by row on the input or on something merged. So is a matmul over anything written
    before, which opens a new segment; but not if a recurrence spans it, since then its rows do not exist at one time.
    """
    loops, views = carried(trace, [op for _, op in ops]), views_of(op for _, op in ops)
    spanned = _spanned(loops.values(), len(ops))
    segments: dict[tuple[str, str], int] = {}  # (graph, tensor) that a merged operation made -> segment
    written: set[str] = set()
    placed: list[Place] = []
    current = 0
    for position, (graph, op) in enumerate(ops):
        data = reads(trace, op, views)
        before = [0 if trace.tensors[name].role == "input" else segments.get((graph, name), -1) for name in data]
        able = graph not in once and len(op.outputs) == 1 and op.outputs[0] not in loops
        if able and data and op.kind in (*ROW_WISE, "matmul") and min(before) >= 0:
            place = Place(True, max(before))
        elif able and op.kind == "matmul" and data[0] in written and not spanned[position]:
            current += 1
            place = Place(True, current)
        else:
            place = Place(False, current)
        for name in op.outputs:
            segments.pop((graph, name), None)
            segments |= {(graph, name): place.segment} if place.merged else {}
        written.update(op.outputs)
        placed.append(place)
    return placed


def _spanned(loops: Iterable[tuple[int, int]], count: int) -> list[bool]:
    """Whether a loop (first, last) spans each position: it is after the loop's first and not after its last."""
    changes = [0] * (count + 1)
    for first, last in loops:
        if first < last:
            changes[first + 1] += 1
            changes[last + 1] -= 1
    return [around > 0 for around in accumulate(changes[:count])]


@dataclass(frozen=True)
class _Instance:
    """One operation of one call, its tensors by the names they have in the new graph."""

    call: int
    position: int
    op: Op
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass
class _Unroller:
    trace: OpTrace
    tag: str
    exposed: frozenset[str]
    marks: Marks
    ops: list[Op] = field(default_factory=list)
    tensors: dict[str, TensorSpec] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    matrices: dict[tuple[str, ...], str] = field(default_factory=dict)  # names of the rows -> the matrix

    def instances(self, calls: Sequence[Call], starts: dict[str, int]) -> list[_Instance]:
        """Every operation of every call, each value under a name of its own; a state's last value keeps the state's."""
        last = {name: index for index, call in enumerate(calls) for op in self._graph(call) for name in op.outputs}
        version: dict[str, str] = {}
        instances = []
        for index, call in enumerate(calls):
            final = {name: offset for offset, op in enumerate(self._graph(call)) for name in op.outputs}
            for offset, op in enumerate(self._graph(call)):
                taken = (*(op.outputs if self.trace.shifts(op) else ()), *op.inputs)
                inputs = tuple(self._read(name, version, call) for name in taken)
                for name in op.outputs:
                    again = "" if final[name] == offset else f".{offset}"
                    version[name] = self._value(name, f"{index}{again}", last[name] == index and not again)
                outputs = tuple(version[name] for name in op.outputs)
                instances.append(
                    _Instance(call=index, position=starts[call.graph] + offset, op=op, inputs=inputs, outputs=outputs)
                )
        return instances

    def _value(self, name: str, when: str, is_last: bool) -> str:
        """The name of the value written to ``name``: its own if it is there when the chunk ends, else that of one call.

        A state that a call writes again has ``when`` with a place in it, so that readers of the first value get it.
        """
        return name if is_last and self._lasts(name) else self._declared(name, f"{name}{self.marks.step}{when}")

    def _graph(self, call: Call) -> tuple[Op, ...]:
        return self.trace.graphs[call.graph].ops

    def _lasts(self, name: str) -> bool:
        return self.trace.tensors[name].role == "state" and name not in self.exposed

    def _read(self, name: str, version: dict[str, str], call: Call) -> str:
        if self.trace.tensors[name].role == "input":
            heard = self._declared(name, f"{name}{self.marks.step}{call.frame}")
            self.heard[heard] = Heard(name, (call.frame,))
            return heard
        return version.get(name, name)

    def _declared(self, base: str, name: str) -> str:
        """Declare ``name``, one value of ``base``; a state's value that is read only inside is an activation."""
        spec = self.trace.tensors[base]
        role = "activation" if self._lasts(base) else spec.role
        self.tensors[name] = spec.model_copy(update={"role": role})
        return name

    def merge(self, same: Sequence[_Instance], singly: set[str]) -> None:
        """Append one operation that does what all of ``same`` do, a row each."""
        op = with_rows(same[0].op)
        inputs = []
        for position, base in enumerate(op.inputs):
            names = tuple(instance.inputs[position] for instance in same)
            inputs.append(self._matrix(base, names, op) if base in op.data else base)
        names = tuple(instance.outputs[0] for instance in same)
        if self.trace.tensors[op.outputs[0]].role == "activation" and not singly & set(names):
            names = (self._declare_matrix(op.outputs[0], names),)
        self._append(op, f"{op.name}{self.marks.of}{self.tag}", tuple(inputs), names)

    def _matrix(self, base: str, names: tuple[str, ...], reader: Op) -> str:
        """The tensor whose rows are ``names``: there already, brought by the frames, or put together now."""
        if names not in self.matrices:
            matrix = self._declare_matrix(base, names)
            if self.trace.tensors[base].role == "input":
                self.heard[matrix] = Heard(base, tuple(frame for name in names for frame in self.heard[name].frames))
            else:
                group = joining_group(self.trace)
                flat = {"kind": "concat", "group": group, "name": f"{base}.rows", "attributes": None}
                gather = reader.model_copy(update=flat)
                self._append(gather, f"{matrix}.rows", names, (matrix,))
        return self.matrices[names]

    def _declare_matrix(self, base: str, names: tuple[str, ...]) -> str:
        spec, alike = self.trace.tensors[base], f"{base}{self.marks.of}{self.tag}"
        matrix = alike if alike not in self.tensors else f"{alike}+{len(self.matrices)}"
        role = spec.role if spec.role == "input" else "activation"
        self.tensors[matrix] = spec.model_copy(update={"shape": (len(names), *spec.shape), "role": role})
        self.matrices[names] = matrix
        return matrix

    def single(self, instance: _Instance) -> None:
        """Append one operation of one call."""
        name = f"{instance.op.name}{self.marks.of}{self.tag}{self.marks.step}{instance.call}"
        self._append(_filled(instance.op), name, instance.inputs, instance.outputs)

    def _append(self, op: Op, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.origin[name] = op.name
        self.ops.append(op.model_copy(update={"name": name, "inputs": inputs, "outputs": outputs}))


def unroll(trace: OpTrace, calls: Sequence[Call], tag: str, exposed: frozenset[str], marks: Marks) -> Unrolled:
    """The graph that does all of ``calls``. ``tag``: makes its names its own; ``exposed``: states that others read.

    Every value of an exposed state is kept, that of call i as ``STATE#i``; of other states the last one.
    """
    graphs = list(dict.fromkeys(call.graph for call in calls))
    listed = [(graph, op) for graph in graphs for op in trace.graphs[graph].ops]
    times = Counter(call.graph for call in calls)
    placed = places(trace, listed, frozenset(graph for graph in graphs if times[graph] == 1))
    work = _Unroller(trace, tag, exposed, marks)
    instances = work.instances(calls, {graph: [name for name, _ in listed].index(graph) for graph in graphs})
    singly = {name for instance in instances if not placed[instance.position].merged for name in instance.inputs}
    merged = _merged_groups(instances, placed)
    alone: dict[int, list[_Instance]] = defaultdict(list)
    for instance in instances:
        if not placed[instance.position].merged:
            alone[placed[instance.position].segment].append(instance)
    for segment in range(max(place.segment for place in placed) + 1):
        for group in merged[segment]:
            work.merge(group, singly)
        for instance in alone[segment]:
            work.single(instance)
    used = {name for op in work.ops for name in (*op.inputs, *op.outputs)}
    tensors = {name: spec for name, spec in work.tensors.items() if name in used}
    heard = {name: heard for name, heard in work.heard.items() if name in used}
    return Unrolled(OpGraph.model_construct(ops=tuple(work.ops)), tensors, work.origin, heard)


def with_rows(op: Op) -> Op:
    """``op`` on tensors that have an axis more in front, a row for each call."""
    if not isinstance(op.attributes, Axis):
        return op
    return op.model_copy(update={"attributes": op.attributes.model_copy(update={"axis": op.attributes.axis + 1})})


def _filled(op: Op) -> Op:
    """``op``, which if it is a register reads the old values as its first input here, under their own name."""
    if not isinstance(op.attributes, Concat) or not op.attributes.shift:
        return op
    return op.model_copy(update={"attributes": op.attributes.model_copy(update={"shift": False})})


def _merged_groups(instances: Sequence[_Instance], placed: Sequence[Place]) -> dict[int, list[list[_Instance]]]:
    """The instances of each merged operation by segment, operations in their order."""
    of_position: dict[int, list[_Instance]] = defaultdict(list)
    for instance in instances:
        of_position[instance.position].append(instance)
    groups: dict[int, list[list[_Instance]]] = defaultdict(list)
    for position, place in enumerate(placed):
        if place.merged:
            groups[place.segment].append(of_position[position])
    return groups
