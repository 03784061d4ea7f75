"""`compiler.chunk_frames`: a trace whose encoder works on several frames at a time. The results are the same integers.

The graphs that need only audio (the encoder, and the graphs after its frame reduction) become one graph for N frames,
called when the last of the N has arrived. Prediction and joint follow frame by frame as before, each after a copy of
its frame's encoder output to where the joint reads it. The frames that are left at the end of an utterance are a
shorter chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nnasim.compiler import constraints
from nnasim.compiler.unroll import Call, Heard, Marks, carried, joining_group, unroll
from nnasim.ir.trace import Op, OpGraph, OpTrace, TensorSpec, Utterance


@dataclass(frozen=True)
class ChunkedTrace:
    """``frames``: how many frames of audio a call of a graph takes, 1 if it is not listed; ``origin``: for each
    operation that chunking made, the one of the given trace; ``heard``: for each input that it made, its content.
    """

    trace: OpTrace
    frames: dict[str, int] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)


def chunked(trace: OpTrace, frames: int) -> ChunkedTrace:
    """``trace`` with chunks of ``frames`` frames; itself for 1. Raises PlacementError if its encoder allows none."""
    if frames == 1:
        return ChunkedTrace(trace)
    encoder = encoder_graphs(trace)
    if not constraints.encoder_needs_audio_only(encoder):
        constraints.refuse(constraints.encoder_needs_audio_only, "trace", "compiler.chunk_frames", frames)
    return _Chunker(trace, frames, encoder).result()


def marks_of(trace: OpTrace) -> Marks:
    """Marks that stand in no name of the trace, so that the names made with them are new."""
    ops = (op.name for graph in trace.graphs.values() for op in graph.ops)
    names = "\n".join((*trace.tensors, *trace.graphs, *ops))
    return Marks(_mark("@", names), _mark("#", names))


def _mark(sign: str, names: str) -> str:
    """The fewest ``sign`` in a row that ``names`` do not hold."""
    mark = sign
    while mark in names:
        mark += sign
    return mark


def encoder_graphs(trace: OpTrace) -> frozenset[str]:
    """The graphs that depend on the audio and on each other only; empty if one that takes audio depends on more."""
    needs = {name: set(carried(trace, graph.ops)) for name, graph in trace.graphs.items()}
    writers: dict[str, set[str]] = {}
    for name, graph in trace.graphs.items():
        for op in graph.ops:
            for tensor in op.outputs:
                writers.setdefault(tensor, set()).add(name)

    def sources(name: str) -> set[str]:
        return {writer for tensor in needs[name] for writer in writers.get(tensor, ())}

    def hears(graph: OpGraph) -> bool:
        return any(trace.tensors[tensor].role == "input" for op in graph.ops for tensor in op.inputs)

    encoder = {name for name, graph in trace.graphs.items() if hears(graph)}
    while more := {
        name for name in set(needs) - encoder if sources(name) & encoder and sources(name) <= encoder | {name}
    }:
        encoder |= more
    return frozenset(encoder) if all(sources(name) <= encoder for name in encoder) else frozenset()


class _Chunker:
    def __init__(self, trace: OpTrace, frames: int, encoder: frozenset[str]) -> None:
        self.trace, self.frames, self.encoder = trace, frames, encoder
        others = [graph for name, graph in trace.graphs.items() if name not in encoder]
        outside = {name for graph in others for name in carried(trace, graph.ops)}
        outputs = {name for graph in encoder for op in trace.graphs[graph].ops for name in op.outputs}
        self.exposed = frozenset(outputs & outside)
        self.graphs = {name: graph for name, graph in trace.graphs.items() if name not in encoder}
        self.tensors: dict[str, TensorSpec] = dict(trace.tensors)
        self.names: dict[tuple[Call, ...], str] = {}
        self.covered: dict[str, int] = {}
        self.origin: dict[str, str] = {}
        self.heard: dict[str, Heard] = {}
        self.marks = marks_of(trace)

    def result(self) -> ChunkedTrace:
        utterances = tuple(self._utterance(utterance) for utterance in self.trace.utterances)
        moved = self.trace.op_placement
        placement = {name: moved[old] for name, old in self.origin.items() if old in moved}
        op_names = {op.name for graph in self.graphs.values() for op in graph.ops}
        placement |= {name: unit for name, unit in moved.items() if name in op_names}
        changes = {
            "utterances": utterances, "graphs": self.graphs, "tensors": self.tensors, "op_placement": placement,
            "placement": {joining_group(self.trace): "nna", **self.trace.placement},
        }  # fmt: skip
        return ChunkedTrace(self.trace.model_copy(update=changes), self.covered, self.origin, self.heard)

    def _utterance(self, utterance: Utterance) -> Utterance:
        calls = [Call(*call) for call in zip(utterance.call_graphs, utterance.call_frames, strict=True)]
        encoder_frames = sorted({call.frame for call in calls if call.graph in self.encoder})
        chunk_of = {frame: index // self.frames for index, frame in enumerate(encoder_frames)}
        chunks: dict[int, list[Call]] = {}
        for call in calls:
            if call.graph in self.encoder:
                chunks.setdefault(chunk_of[call.frame], []).append(call)
        begun: dict[int, int] = {}  # chunk -> its calls that have been seen
        chunked_calls = list[Call]()
        for call in calls:
            if call.graph not in self.encoder:
                chunked_calls.append(call)
                continue
            number = chunk_of[call.frame]
            seen = begun.get(number, 0)
            begun[number] = seen + 1
            chunked_calls += self._replaced(call, seen, chunks[number])
        graphs, frames = zip(*chunked_calls, strict=True)
        return utterance.model_copy(update={"call_graphs": graphs, "call_frames": frames})

    def _replaced(self, call: Call, seen: int, chunk: Sequence[Call]) -> Iterator[Call]:
        """The calls that replace a chunk's call number ``seen``: the whole chunk at the first, then the copies."""
        first, last = chunk[0].frame, chunk[-1].frame
        if first == last:
            self.graphs[call.graph] = self.trace.graphs[call.graph]
            yield call
            return
        if seen == 0:
            yield Call(self._chunk_graph(tuple(Call(c.graph, c.frame - first) for c in chunk)), first)
        if copied := [name for op in self.trace.graphs[call.graph].ops for name in op.outputs if name in self.exposed]:
            yield Call(self._copy_graph(call.graph, seen, copied), call.frame)

    def _chunk_graph(self, calls: tuple[Call, ...]) -> str:
        """The name of the graph that does ``calls``, made when first asked for."""
        if calls not in self.names:
            frames = calls[-1].frame + 1
            alike = sum(count == frames for count in self.covered.values())
            tag = f"{frames}.{alike + 1}" if alike else str(frames)
            name = self.names[calls] = f"{calls[0].graph}{self.marks.of}{tag}"
            unrolled = unroll(self.trace, calls, tag, self.exposed, self.marks)
            self.graphs[name], self.covered[name] = unrolled.graph, frames
            self.tensors |= unrolled.tensors
            self.origin |= unrolled.origin
            self.heard |= unrolled.heard
        return self.names[calls]

    def _copy_graph(self, graph: str, call: int, states: Sequence[str]) -> str:
        """The graph that hands out what call number ``call`` of a chunk made."""
        of_call = f"{self.marks.step}{call}"
        name = f"{graph}.out{of_call}"
        if name not in self.graphs:
            ops = [
                Op.model_construct(
                    name=f"{state}.copy{of_call}", kind="concat", group=joining_group(self.trace),
                    layer=state.partition(".")[0],
                    inputs=(f"{state}{of_call}",), outputs=(state,), attributes=None,
                )
                for state in states
            ]  # fmt: skip
            self.graphs[name] = OpGraph.model_construct(ops=tuple(ops))
            self.origin |= {f"{state}.copy{of_call}": f"{state}.copy" for state in states}
        return name
