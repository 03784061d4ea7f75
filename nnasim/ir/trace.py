"""OpTrace: what a recogniser really did, operation by operation. Frozen, versioned; read and written in ``ir.io``.

Three kinds of graph (encoder step, prediction step, joint step) say which operations one invocation performs;
each utterance lists the invocations that decoding made and when each frame's audio existed.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field, model_validator

from nnasim import markup
from nnasim.ir.operands import OPERANDS, PLACES, Constant, OpKind, Role
from nnasim.numerics.config import NumericsConfig
from nnasim.records import Frozen, Items
from nnasim.units import ceil_div

TRACE_VERSION: Literal[1] = 1

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
]
OP_GROUPS: tuple[OpGroup, ...] = OpGroup.__args__  # type: ignore[attr-defined]

_ON_CPU_IN_FALLBACK = {
    "input_quantise", "gate_activation", "element_wise", "cell_tanh", "joint_tanh", "argmax", "embedding",
}  # fmt: skip


def placement_of(system: System) -> dict[OpGroup, Unit]:
    """Which unit runs each group of operations in ``system``.

    The input is quantised where the features are computed: on the CPU, in every system.
    """
    on_cpu: dict[str, set[str]] = {
        "float": set(OP_GROUPS),
        "cpu_int8": set(OP_GROUPS),
        "cpu_fallback": _ON_CPU_IN_FALLBACK,
        "naive": {"input_quantise"},
        "aat": {"input_quantise"},
    }
    return {group: "cpu" if group in on_cpu[system] else "nna" for group in OP_GROUPS}


class TensorSpec(Frozen):
    """A tensor of a graph: shape, bits per element, and the role that decides where it lives.

    ``weight``, ``bias`` and ``table`` are constants; ``state`` survives from one invocation to the next (h, c, and
    the projections that the joint step reads); ``input`` arrives from the host; ``activation`` lives within one
    invocation; ``output`` goes to the host.
    """

    shape: Items[int] = Field(min_length=1)
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

    A matmul's weight has shape (N, K), its data (M, K) or (K,), its output holds accumulators. mul and add
    requantise once. An embedding's data is a token. An output of several tensors is split among them, in their order.
    """

    name: str = Field(min_length=1, max_length=200)
    kind: OpKind
    group: OpGroup
    layer: str = Field(max_length=200)
    inputs: Items[str]
    outputs: Items[str] = Field(min_length=1)

    @property
    def data(self) -> tuple[str, ...]:
        """What flows: every input that is no constant."""
        return self.inputs[: OPERANDS[self.kind].data]

    @property
    def constants(self) -> tuple[str, ...]:
        """Weight, bias, table or gain: every input that does not flow."""
        return self.inputs[len(self.data) :]

    @property
    def x(self) -> str:
        """What flows first; of most kinds nothing else does."""
        return self.inputs[0]

    @property
    def reads_weight(self) -> bool:
        """Whether the kind reads rows of a weight: a matmul all of them, an embedding the token's."""
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
        """The bias of a matmul that has one."""
        return self._constant("bias")

    @property
    def table(self) -> str | None:
        """The table of an activation whose unit has one."""
        return self._constant("table")

    def _needed(self, name: Constant) -> str:
        tensor = self._constant(name)
        assert tensor is not None, f"{self.kind} reads no {name}"
        return tensor

    def _constant(self, name: Constant) -> str | None:
        place = PLACES.get((self.kind, name))
        return None if place is None or place >= len(self.inputs) else self.inputs[place]


class OpGraph(Frozen):
    """The operations of one invocation, in an order in which they may run."""

    ops: Items[Op] = Field(min_length=1)


class Utterance(Frozen):
    """One utterance: when each frame's audio exists, and every invocation in the order decoding made them.

    ``arrivals``: seconds from the utterance's start to the moment a frame's last sample exists, ascending.
    ``call_graphs``, ``call_frames``: of each call its graph and frame, as two columns, since there are many.
    ``emissions``: frame at which each
    emitted token left the decoder. ``speech_end``: seconds at which speech ends, where known.
    """

    id: str = Field(max_length=500)
    audio_seconds: float = Field(gt=0, le=1e9)
    arrivals: Items[float] = Field(min_length=1)
    call_graphs: Items[str] = Field(min_length=1)
    call_frames: Items[int] = Field(min_length=1)
    emissions: Items[int] = ()
    speech_end: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Utterance:
        if len(self.call_graphs) != len(self.call_frames):
            raise ValueError(f"call_frames: must be as many as call_graphs, which are {len(self.call_graphs)}")
        if any(later < earlier for earlier, later in zip(self.arrivals, self.arrivals[1:], strict=False)):
            raise ValueError("arrivals: must ascend")
        if self.arrivals[0] < 0:
            raise ValueError("arrivals: must not be negative")
        if any(later < earlier for earlier, later in zip(self.call_frames, self.call_frames[1:], strict=False)):
            raise ValueError("call_frames: must ascend")
        if not 0 <= self.call_frames[0] <= self.call_frames[-1] < len(self.arrivals):
            raise ValueError(f"call_frames: must lie in 0..{len(self.arrivals) - 1}")
        if any(not 0 <= frame < len(self.arrivals) for frame in self.emissions):
            raise ValueError(f"emissions: must lie in 0..{len(self.arrivals) - 1}")
        return self


class OpTrace(Frozen):
    """The whole trace. ``weights_file`` names a safetensors file beside it that holds the integers, if any.

    ``placement`` decides per group of operations, ``op_placement`` for single ones by name, before their group.
    """

    schema_version: Literal[1] = TRACE_VERSION
    kind: Literal["nnasim.trace"] = "nnasim.trace"
    system: System
    placement: dict[OpGroup, Unit]
    op_placement: dict[str, Unit] = Field({})
    numerics: NumericsConfig
    tensors: dict[str, TensorSpec] = Field(min_length=1)
    graphs: dict[str, OpGraph] = Field(min_length=1)
    utterances: Items[Utterance] = Field(min_length=1)
    weights_file: str | None = None
    source: dict[str, str | int | float | None] = Field({})

    def __repr__(self) -> str:
        return markup.visible(self._line())

    __str__ = __repr__

    def _line(self) -> str:
        seconds = sum(utterance.audio_seconds for utterance in self.utterances)
        calls = sum(len(utterance.call_graphs) for utterance in self.utterances)
        name = self.source.get("shape") or self.source.get("recipe") or "trace"
        count, weights = len(self.utterances), self._weight_elements(*self.graphs)
        return (
            f"OpTrace {self.system} {name}: {count:,} utterance{'' if count == 1 else 's'}, {seconds:,.1f} s of audio, "
            f"{calls:,} calls of {len(self.graphs)} graphs, {weights / 1e6:,.2f} M weights"
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

    @model_validator(mode="after")
    def _closed(self) -> OpTrace:
        if missing := set(OP_GROUPS) - set(self.placement):
            raise ValueError(f"placement: lacks {', '.join(sorted(missing))}")
        if unknown_ops := set(self.op_placement) - {op.name for graph in self.graphs.values() for op in graph.ops}:
            raise ValueError(f"op_placement: {sorted(unknown_ops)[0]!r} is no operation of the graphs")
        for name, graph in self.graphs.items():
            for op in graph.ops:
                self._check_operands(f"graph {name}, op {op.name}", op)
        for utterance in self.utterances:
            if unknown := set(utterance.call_graphs) - set(self.graphs):
                raise ValueError(f"utterance {utterance.id!r}: unknown graph {sorted(unknown)[0]!r}")
        return self

    def _check_operands(self, where: str, op: Op) -> None:
        for tensor in (*op.inputs, *op.outputs):
            if tensor not in self.tensors:
                raise ValueError(f"{where}: unknown tensor {tensor!r}")
        if wrong := OPERANDS[op.kind].complaint([self.tensors[tensor].role for tensor in op.inputs]):
            raise ValueError(f"{where}: {op.kind} {wrong}")
