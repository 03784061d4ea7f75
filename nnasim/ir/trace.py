"""OpTrace: the operations that a recogniser performed. Frozen, versioned; read and written in ``ir.io``.

Graphs (of this package's own recogniser: encoder step, prediction step, joint step) list the operations of one call.
Each utterance lists the calls of its decoding and the time at which each frame's audio existed.

Version 1 is enough for this package's recogniser, and is still written for it, so that its files and digests are those
of earlier versions. Version 2 is for models of any origin: further kinds of operation, attributes (see
``ir.attributes``), further groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from nnasim import limits, markup
from nnasim.ir.attributes import MOST_AXES, Attributes, Axis, Concat, Copy, attributes_of
from nnasim.ir.bounded import SHORTEST_S, Seconds
from nnasim.ir.imported import Imported, Recipe
from nnasim.ir.operands import FIRST_KINDS, OPERANDS, PLACES, WRITTEN, Constant, OpKind, Role
from nnasim.ir.order import Order, OrderError
from nnasim.ir.shapes import ShapeError, check_shapes
from nnasim.numerics.config import NumericsConfig
from nnasim.records import Frozen, Integer, Items, Number
from nnasim.units import ceil_div

TraceVersion = Literal[1, 2]
SPEECH_SLACK_S = 1.0  # labels of words may reach behind the audio by a frame of whoever labelled them
CLOSEST_S = 1e-9
Name = Annotated[str, Field(max_length=500)]
AttributesT = TypeVar("AttributesT", bound=Attributes)

System = Literal["float", "cpu_int8", "cpu_fallback", "naive", "aat"]
Unit = Literal["nna", "cpu"]
# What placement decides about: an engineer moves these between CPU and chip one at a time.
OpGroup = Literal[
    "input_quantise",
    "matmul",
    "gate_activation",
    "element_wise",
    "cell_tanh",
    "joint_tanh",
    "output_layer",
    "argmax",
    "embedding",
    "convolution",
    "attention",
    "normalisation",
    "point_wise",
    "movement",
    "host",
]
OP_GROUPS: tuple[OpGroup, ...] = OpGroup.__args__  # type: ignore[attr-defined]
RECOGNISER_GROUPS: tuple[OpGroup, ...] = OP_GROUPS[:9]
"""Groups of this package's own recogniser, and all that version 1 has.

The others are of models from elsewhere: ``attention`` its products of two computed operands, ``normalisation`` also
softmax and mean, ``point_wise`` functions that are no gates, ``movement`` what only moves, ``host`` what only the CPU
can do.
"""

ALWAYS_ON_CPU: tuple[OpGroup, ...] = ("input_quantise", "host")
_ON_CPU_IN_FALLBACK = {
    *ALWAYS_ON_CPU, "gate_activation", "element_wise", "cell_tanh", "joint_tanh", "argmax", "embedding",
    "normalisation", "point_wise", "movement",
}  # fmt: skip


def placement_of(system: System, groups: Collection[OpGroup] = RECOGNISER_GROUPS) -> dict[OpGroup, Unit]:
    """The unit that runs each of ``groups`` in ``system``.

    The input is quantised where the features are computed: on the CPU, in every system.
    """
    on_cpu: dict[str, Collection[str]] = {
        "float": OP_GROUPS,
        "cpu_int8": OP_GROUPS,
        "cpu_fallback": _ON_CPU_IN_FALLBACK,
        "naive": ALWAYS_ON_CPU,
        "aat": ALWAYS_ON_CPU,
    }
    return {group: "cpu" if group in on_cpu[system] else "nna" for group in groups}


class TensorSpec(Frozen):
    """A tensor of a graph: shape, bits per element, and the role that decides where it lives.

    ``weight``, ``bias`` (which a gain, or a constant operand of an add, is too) and ``table`` are constants; ``state``
    survives from one call to the next (h, c, and the projections that the joint step reads), and starts each
    utterance from zeros, or from the array ``NAME.initial`` of the weights file; ``input`` arrives from the host;
    ``activation`` lives within one call; ``output`` does too, and goes to the host.
    """

    shape: Items[Annotated[Integer, Field(le=limits.TENSOR_ELEMENTS)]] = Field(min_length=1, max_length=MOST_AXES)
    bits: Literal[4, 8, 16, 32, 48]
    role: Role

    @model_validator(mode="after")
    def _positive(self) -> TensorSpec:
        if any(size <= 0 for size in self.shape):
            raise ValueError("shape: every dimension must be positive")
        return self

    @property
    def elements(self) -> int:
        """Number of elements."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def bytes(self) -> int:
        """Size in bytes, rounded up."""
        return ceil_div(self.elements * self.bits, 8)


class Op(Frozen):
    """One operation. ``inputs`` and ``outputs`` name tensors; a trace that is read has the inputs of ``OPERANDS``.

    A matmul's weight has shape (N, K), its data (..., K), its output holds accumulators, as that of conv and bmm does.
    mul and add requantise once. An embedding's data are tokens. A result of several outputs is split among them along
    the last axis, in their order (a split's along its own axis). ``attributes``: the record of its kind in
    ``ir.attributes``.
    """

    name: str = Field(min_length=1, max_length=500)
    kind: OpKind
    group: OpGroup
    layer: str = Field(max_length=200)
    inputs: Items[Name]
    outputs: Items[Name] = Field(min_length=1)
    attributes: SerializeAsAny[Attributes] | None = Field(None, exclude_if=lambda told: told is None)

    @field_validator("attributes", mode="before")
    @classmethod
    def _of_the_kind(cls, given: Any, info: ValidationInfo) -> Attributes | None:
        return attributes_of(info.data["kind"], given) if "kind" in info.data else None

    @model_validator(mode="after")
    def _told(self) -> Op:
        if self.attributes is None:
            attributes_of(self.kind, None)
        return self

    def told(self, record: type[AttributesT]) -> AttributesT:
        """The attributes of the operation, a ``record``; its defaults if it has none."""
        return self.attributes if isinstance(self.attributes, record) else record()

    def axis(self, axes: int) -> int:
        """The axis, of ``axes`` axes, that it works along: the last if no attribute names one."""
        return self.attributes.axis if isinstance(self.attributes, Axis | Concat) else axes - 1

    @property
    def is_view(self) -> bool:
        """Whether the output is only another name and shape of the bytes of ``x``."""
        return isinstance(self.attributes, Copy) and self.attributes.view

    @property
    def data(self) -> tuple[str, ...]:
        """The computed inputs: every input that is no constant."""
        return self.inputs[: OPERANDS[self.kind].data]

    @property
    def constants(self) -> tuple[str, ...]:
        """Weight, bias, table or gain: every input that does not flow."""
        return self.inputs[len(self.data) :]

    @property
    def x(self) -> str:
        """The first computed input; most kinds have no other."""
        return self.inputs[0]

    @property
    def reads_weight(self) -> bool:
        """Whether the kind reads rows of a weight: a matmul and a conv all of them, an embedding the token's."""
        return (self.kind, "weight") in PLACES

    @property
    def weight(self) -> str:
        """The weight of a kind that ``reads_weight``."""
        return self._needed("weight")

    @property
    def gain(self) -> str:
        """The gain of a layer norm."""
        return self._needed("gain")

    @property
    def bias(self) -> str | None:
        """The bias of a matmul, a conv or a layer norm that has one."""
        return self._constant("bias")

    @property
    def table(self) -> str | None:
        """The table of an operation that has one."""
        return self._constant("table")

    def _needed(self, name: Constant) -> str:
        tensor = self._constant(name)
        assert tensor is not None, f"{self.kind} reads no {name}"
        return tensor

    def _constant(self, name: Constant) -> str | None:
        place = PLACES.get((self.kind, name))
        return None if place is None or place >= len(self.inputs) else self.inputs[place]


class OpGraph(Frozen):
    """The operations of one call, in an order in which they may run."""

    ops: Items[Op] = Field(min_length=1)


class Utterance(Frozen):
    """One utterance: when each frame's audio exists, and every call in the order decoding made them.

    ``arrivals``: seconds from the utterance's start to the moment a frame's last sample exists, ascending.
    ``call_graphs``, ``call_frames``: of each call its graph and frame, as two columns, since there are many.
    ``emissions``: the frame at which each emitted token left the decoder. ``speech_end``: seconds at which speech
    ends, None if unknown.
    """

    id: str = Field(max_length=500)
    audio_seconds: Number = Field(ge=SHORTEST_S, le=1e9)
    arrivals: Items[Seconds] = Field(min_length=1)
    call_graphs: Items[str] = Field(min_length=1)
    call_frames: Items[Integer] = Field(min_length=1)
    emissions: Items[Integer] = ()
    speech_end: Seconds | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Utterance:
        if len(self.call_graphs) != len(self.call_frames):
            raise ValueError(f"call_frames: must be as many as call_graphs, which are {len(self.call_graphs)}")
        if any(later < earlier for earlier, later in zip(self.arrivals, self.arrivals[1:], strict=False)):
            raise ValueError("arrivals: must ascend")
        if self.arrivals[0] < 0:
            raise ValueError("arrivals: must not be negative")
        if 0 < self.arrivals[-1] - self.arrivals[0] < CLOSEST_S * (len(self.arrivals) - 1):
            raise ValueError(f"arrivals: must be {CLOSEST_S:g} s apart, on average, or all at once")
        if any(later < earlier for earlier, later in zip(self.call_frames, self.call_frames[1:], strict=False)):
            raise ValueError("call_frames: must ascend")
        if not 0 <= self.call_frames[0] <= self.call_frames[-1] < len(self.arrivals):
            raise ValueError(f"call_frames: must lie in 0..{len(self.arrivals) - 1}")
        if any(not 0 <= frame < len(self.arrivals) for frame in self.emissions):
            raise ValueError(f"emissions: must lie in 0..{len(self.arrivals) - 1}")
        if any(later < earlier for earlier, later in zip(self.emissions, self.emissions[1:], strict=False)):
            raise ValueError("emissions: must ascend")
        heard = max(self.audio_seconds, self.arrivals[-1])
        if self.speech_end is not None and self.speech_end > heard + SPEECH_SLACK_S:
            raise ValueError(f"speech_end: must not lie behind the audio, which ends after {heard:g} s")
        return self


class OpTrace(Frozen):
    """The whole trace. ``weights_file`` names a safetensors file beside it that holds the integers, if any.

    ``placement`` decides per group of operations, ``op_placement`` for single ones by name, before their group;
    ``imported``: the origin of an imported model; ``recipe``: the files that it was made from. No operation reads a
    value that is written after it, so there are no cycles except through states.
    """

    schema_version: TraceVersion = 1
    kind: Literal["nnasim.trace"] = "nnasim.trace"
    system: System
    placement: dict[OpGroup, Unit]
    op_placement: dict[str, Unit] = Field({})
    numerics: NumericsConfig
    tensors: dict[Name, TensorSpec] = Field(min_length=1)
    graphs: dict[Name, OpGraph] = Field(min_length=1)
    utterances: Items[Utterance] = Field(min_length=1)
    weights_file: str | None = None
    source: dict[str, str | Integer | Number | None] = Field({})
    imported: Imported | None = Field(None, exclude_if=lambda imported: imported is None)
    recipe: Recipe | None = Field(None, exclude_if=lambda recipe: recipe is None)

    @property
    def name(self) -> str:
        """The name of the model, "" if it has none."""
        if self.imported is not None:
            return self.imported.name
        return str(self.source.get("shape") or self.source.get("recipe") or "")[:500]

    def __repr__(self) -> str:
        return markup.visible(self._line())

    __str__ = __repr__

    def _line(self) -> str:
        seconds = sum(utterance.audio_seconds for utterance in self.utterances)
        calls = sum(len(utterance.call_graphs) for utterance in self.utterances)
        count, weights = len(self.utterances), self._weight_elements(*self.graphs)
        return (
            f"OpTrace {self.system} {self.name or 'trace'}: "
            f"{markup.counted(count, 'utterance')}, {seconds:,.1f} s of audio, {markup.counted(calls, 'call')} of "
            f"{markup.counted(len(self.graphs), 'graph')}, {weights / 1e6:,.2f} M weights"
        )

    def _weight_elements(self, *graphs: str) -> int:
        used = {name for graph in graphs for op in self.graphs[graph].ops for name in op.inputs}
        return sum(self.tensors[name].elements for name in used if self.tensors[name].role == "weight")

    def _repr_html_(self) -> str:
        """The line of ``repr`` and what each graph holds, for notebooks: offline, escaped."""
        calls = Counter(graph for utterance in self.utterances for graph in utterance.call_graphs)
        rows = [
            (name, len(graph.ops), f"{calls[name]:,}", f"{self._weight_elements(name):,}")
            for name, graph in self.graphs.items()
        ]
        table = markup.table(("graph", "operations", "calls", "weights"), rows)
        return f"<div>{markup.paragraphs([self._line()])}{table}</div>"

    def shifts(self, op: Op) -> bool:
        """Whether ``op`` pushes its inputs into what its output held before."""
        if op.kind != "concat":
            return False
        if op.attributes is not None:
            return op.told(Concat).shift
        return sum(self.tensors[name].elements for name in op.inputs) < self.tensors[op.outputs[0]].elements

    @model_validator(mode="after")
    def _closed(self) -> OpTrace:
        self._check_version()
        ops = [op for graph in self.graphs.values() for op in graph.ops]
        names = Counter(op.name for op in ops)
        if unknown_ops := set(self.op_placement) - set(names):
            raise ValueError(f"op_placement: {sorted(unknown_ops)[0]!r} is no operation of the graphs")
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"graphs: {names[twice[0]]} operations are called {twice[0]!r}")
        for name, graph in self.graphs.items():
            self._check_graph(name, graph)
        self._check_written(ops)
        for utterance in self.utterances:
            if unknown := set(utterance.call_graphs) - set(self.graphs):
                raise ValueError(f"utterance {utterance.id!r}: unknown graph {sorted(unknown)[0]!r}")
        return self

    def _check_version(self) -> None:
        """Version 1 has no kinds, groups and attributes but its own; a concat of version 2 says its axis.

        A trace of version 1 places all groups that there are, one of version 2 those that it has.
        """
        used = {op.group for graph in self.graphs.values() for op in graph.ops}
        if missing := (used | set(RECOGNISER_GROUPS if self.schema_version == 1 else ())) - set(self.placement):
            raise ValueError(f"placement: lacks {', '.join(sorted(missing))}")
        for graph in self.graphs.values():
            for op in graph.ops:
                first = op.kind in FIRST_KINDS and op.group in RECOGNISER_GROUPS and op.attributes is None
                if self.schema_version == 1 and not first:
                    raise ValueError(f"schema_version: op {op.name}, a {op.kind} of group {op.group}, needs version 2")
                if self.schema_version == 2 and op.kind == "concat" and op.attributes is None:
                    raise ValueError(f"graphs: op {op.name}: concat must have the attribute axis since version 2")

    def _check_graph(self, name: str, graph: OpGraph) -> None:
        order = Order(self)
        for op in graph.ops:
            where = f"graph {name}, op {op.name}"
            self._check_operands(where, op)
            try:
                order.follow(op)
                check_shapes(op, self.tensors)
            except (OrderError, ShapeError) as wrong:
                raise ValueError(f"{where}: {wrong}") from None

    def _check_operands(self, where: str, op: Op) -> None:
        for tensor in (*op.inputs, *op.outputs):
            if tensor not in self.tensors:
                raise ValueError(f"{where}: unknown tensor {tensor!r}")
        if wrong := OPERANDS[op.kind].complaint([self.tensors[tensor].role for tensor in op.inputs]):
            raise ValueError(f"{where}: {op.kind} {wrong}")
        for tensor in op.outputs:
            if (role := self.tensors[tensor].role) not in WRITTEN:
                raise ValueError(
                    f"{where}: writes tensor {tensor!r}, whose role is {role}; may be {', '.join(WRITTEN)}"
                )
        if len(set(op.outputs)) != len(op.outputs):
            raise ValueError(f"{where}: writes a tensor twice")

    def _check_written(self, ops: Collection[Op]) -> None:
        written = {tensor for op in ops for tensor in op.outputs}
        for name, spec in self.tensors.items():
            if spec.role in ("activation", "output") and name not in written:
                raise ValueError(f"tensors: no operation writes {name!r}, whose role is {spec.role}")
