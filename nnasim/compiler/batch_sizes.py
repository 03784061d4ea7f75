"""A compiled trace for 2, 3, ... of its streams at a time: each number is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nnasim.compiler.batching import Batch, batched, stream_tensor
from nnasim.compiler.chunking import marks_of
from nnasim.compiler.compile import CompiledTrace
from nnasim.compiler.memory_plan import Layout, MemoryPlan
from nnasim.ir.program import Holders, Program


class _Size(NamedTuple):
    """The trace for so many streams, and the name of each graph of it."""

    compiled: CompiledTrace
    names: Mapping[str, str]


class BatchSizes:
    """``compiled`` for any number of its streams at a time; programs are kept by plan of the SRAM."""

    def __init__(self, compiled: CompiledTrace) -> None:
        self._compiled, self._marks = compiled, marks_of(compiled.trace)
        self._sizes: dict[int, _Size] = {}
        self._arenas: dict[int, int] = {}
        self._planned: dict[tuple[int, Layout], CompiledTrace] = {}

    def arena(self, streams: int) -> int:
        """Bytes of SRAM for the activations of any call for so many streams."""
        if streams not in self._arenas:
            compiled = self._compiled if streams == 1 else self._size(streams).compiled
            self._arenas[streams] = compiled.arena_bytes
        return self._arenas[streams]

    def program(self, program: Program, streams: int, memory: MemoryPlan) -> Program:
        """``program``, which is one stream's, for so many streams at once, in the plan ``memory``."""
        size = self._size(streams)
        key = (streams, memory.layout)
        if key not in self._planned:
            self._planned[key] = size.compiled.within(memory)
        together, entry = self._planned[key], self._entry(program.entry, streams)
        if program.graph != "frame_end":
            return together.program(size.names[program.graph], entry)
        returned = together.frame_end(entry)
        assert returned is not None, "what one stream returns, several do"
        return returned

    def _entry(self, entry: Holders, streams: int) -> Holders:
        own = ((stream_tensor(name, stream, self._marks), unit) for name, unit in entry for stream in range(streams))
        return tuple(sorted(own))

    def _size(self, streams: int) -> _Size:
        if streams not in self._sizes:
            wanted = [Batch(graph, tuple(range(streams))) for graph in self._compiled.trace.graphs]
            batches = batched(self._compiled.trace, wanted, self._marks, beside=False)
            compiled = self._compiled.as_batches(batches.trace, batches.origin)
            self._sizes[streams] = _Size(compiled, {batch.graph: name for batch, name in batches.names.items()})
        return self._sizes[streams]
