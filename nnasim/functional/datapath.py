"""The datapath of a functional run: transfers copy weight rows, commands compute on what stands in SRAM right then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler import CompiledTrace
from nnasim.compiler.addresses import Region, address_map
from nnasim.compiler.unroll import Heard
from nnasim.errors import SimulationError
from nnasim.functional.memory import Sram, SramTensors
from nnasim.functional.packing import Bytes, Integers, pack, unpack
from nnasim.ir.program import Command, ElementCommand, HandoffCommand, MatmulCommand, Transfer
from nnasim.ir.run import Step
from nnasim.ir.trace import Op, OpGraph
from nnasim.numerics import ops
from nnasim.reference import Reference
from nnasim.sim.datapath import Datapath


class SramDatapath(Datapath):
    """Moves and computes the integers of ``constants`` (weights, biases, tables, ``OP.rescale`` rows).

    ``features``: the current utterance's, float (frames, features); row ``frame`` is what the host hands over.
    ``logits``: what every argmax read, in order. A command's results are computed from what its operands hold when it
    begins, and are written when it ends; a fused operation follows its matmul's last tile.
    """

    def __init__(self, compiled: CompiledTrace, constants: Mapping[str, NDArray[Any]]) -> None:
        self.compiled, self.trace = compiled, compiled.trace
        self.addresses = address_map(compiled)
        self.ops: dict[str, Op] = {op.name: op for graph in self.trace.graphs.values() for op in graph.ops}
        # One graph per operation, so that the reference's own executors compute a single command.
        single = {name: OpGraph(ops=(op,)) for name, op in self.ops.items()}
        scales = {
            f"{name}.rescale": constants[f"{old}.rescale"]
            for name, old in compiled.origin.items()
            if f"{old}.rescale" in constants
        }
        self.reference = Reference(self.trace.model_copy(update={"graphs": single}), {**constants, **scales})
        self.sram = Sram(self.addresses.end)
        self.tensors = SramTensors(self.trace, self.sram, self.addresses)
        self.dram = {name: self._stored_rows(name) for name in compiled.uses}
        self._load_constants()
        self.features: NDArray[np.float64] = np.zeros((0, 0))
        self.logits: list[Integers] = []
        self._running: list[Op | None] = []
        self._pending: NDArray[np.int64] | None = None
        self._accumulators: list[Integers] = []

    # --- memory -------------------------------------------------------------------------------------------------

    def _stored_rows(self, weight: str) -> list[Bytes]:
        """The rows of a weight as they stand in DRAM: each row's values, then its bias if it has one."""
        readers = [op for op in self.ops.values() if op.reads_weight and op.weight == weight]
        reader = next((op for op in readers if op.bias is not None), readers[0])
        values, bits = self.reference.tensors[weight], self.trace.tensors[weight].bits
        rows = [pack(row, bits) for row in values]
        if reader.bias is not None:
            bias, width = self.reference.tensors[reader.bias], self.trace.tensors[reader.bias].bits
            rows = [np.concatenate((row, pack(bias[n : n + 1], width))) for n, row in enumerate(rows)]
        return rows

    def _load_constants(self) -> None:
        """What the chip holds before the first utterance: tables, and the resident weights."""
        for name, values in self.reference.tensors.items():
            if name not in self.dram:
                self.tensors[name] = values
        for name in sorted(self.compiled.memory.resident):
            self.sram.write(self.addresses.lasting[name], np.concatenate(self.dram[name]))
        self.reference.tensors = self.tensors

    def reset(self) -> None:
        """Zero every state: the start of an utterance."""
        self.reference.reset()

    def _buffer(self, buffer: int | None) -> Region:
        if buffer is None:
            raise SimulationError("functional run: a transfer without a buffer")
        return self.addresses.buffers[buffer]

    def _rows(self, weight: str, row: int, rows: int, buffer: int | None) -> list[Bytes]:
        """``rows`` rows of ``weight`` as SRAM holds them now."""
        width = self.dram[weight][0].size
        region, offset = (self.addresses.lasting[weight], row * width) if buffer is None else (self._buffer(buffer), 0)
        return list(self.sram.read(region, rows * width, offset).reshape(rows, width))

    # --- what the machine tells ---------------------------------------------------------------------------------

    def begin_step(self, step: Step) -> None:
        """Address the program's graph; its frames' features are with the host."""
        graph, self.tensors.graph = self.trace.graphs.get(step.program.graph), step.program.graph
        named = iter(graph.ops if graph else ())
        self._running = [None if info.kind == "handoff" else next(named) for info in step.program.ops]
        features = self.features[step.frame : step.frame + step.frames]
        for name in dict.fromkeys(tensor for op in self._running if op for tensor in op.inputs):
            if self.trace.tensors[name].role == "input":
                self.tensors[name] = self._input_features(name, features)

    def begin_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """The buffer holds nothing sensible until the transfer ends."""
        self.sram.poison(self._buffer(buffer))

    def end_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """Copy the rows; an embedding's row is the one that the token names."""
        row = transfer.row
        op = self._op(transfer.op)
        if op.kind == "embedding":
            row = int(self.tensors[op.x][0])
        self.sram.write(self._buffer(buffer), np.concatenate(self.dram[transfer.tensor][row : row + transfer.rows]))

    def begin(self, command: Command, buffer: int | None) -> None:
        """Read the operands, and compute."""
        if isinstance(command, MatmulCommand):
            self._begin_tile(command, buffer)
        elif isinstance(command, ElementCommand) and command.kind == "embedding":
            self._begin_lookup(command, buffer)

    def end(self, command: Command) -> None:
        """Write the results."""
        if isinstance(command, HandoffCommand):
            return
        op = self._op(command.op)
        if isinstance(command, MatmulCommand):
            if command.last:
                self.tensors[op.outputs[0]] = np.concatenate(self._accumulators, axis=-1)
        elif self._pending is not None:
            self.tensors[op.outputs[0]], self._pending = self._pending, None
        else:
            if op.kind == "argmax":
                self.logits.append(self.tensors[op.x].copy())
            self.reference.run(op.name)

    def _op(self, index: int) -> Op:
        op = self._running[index] if index < len(self._running) else None
        if op is None:
            raise SimulationError("functional run: a command outside any step")
        return op

    def _input_features(self, name: str, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The features that input ``name`` brings: those of all frames of a chunk, or of some of them."""
        heard = self.compiled.heard.get(name, Heard(name, (0,)))
        shaped: NDArray[np.float64] = features[list(heard.frames)].reshape(self.trace.tensors[name].shape)
        return shaped

    def _begin_tile(self, command: MatmulCommand, buffer: int | None) -> None:
        op = self._op(command.op)
        if command.first:
            self._accumulators = []
        rows = self._rows(op.weight, command.row, command.n, buffer)
        weight = np.stack([unpack(row, command.weight_bits, command.k) for row in rows])
        bias = None
        if op.bias is not None:
            bits = self.trace.tensors[op.bias].bits
            bias = np.concatenate([unpack(row[-(bits // 8) :], bits, 1) for row in rows])
        numerics = self.trace.numerics
        self._accumulators.append(
            ops.matmul(
                self.tensors[op.x], weight, bias,
                accumulator_bits=numerics.accumulator_bits, overflow=numerics.overflow, name=op.name,
            )
        )  # fmt: skip

    def _begin_lookup(self, command: ElementCommand, buffer: int | None) -> None:
        op = self._op(command.op)
        spec = self.trace.tensors[op.weight]
        token = int(self.tensors[op.x][0]) if buffer is None else 0
        row = self._rows(op.weight, token, 1, buffer)[0]
        self._pending = unpack(row, spec.bits, spec.shape[1])
