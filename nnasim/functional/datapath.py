"""The datapath of a functional run: transfers copy weight rows, commands compute on what SRAM holds at that time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler import CompiledTrace
from nnasim.compiler.addresses import Region, address_map
from nnasim.compiler.chunking import marks_of
from nnasim.compiler.unroll import Heard
from nnasim.errors import SimulationError, TraceError
from nnasim.functional.inputs import Inputs
from nnasim.functional.memory import Sram, SramTensors
from nnasim.functional.observed import Observed
from nnasim.functional.packing import Bytes, Integers, unpack
from nnasim.functional.products import product_of_tile
from nnasim.functional.weights import StoredWeight, stored_weights
from nnasim.ir.attributes import Conv
from nnasim.ir.program import Command, ElementCommand, HandoffCommand, MatmulCommand, Program, Transfer, ViewCommand
from nnasim.ir.run import Step
from nnasim.ir.trace import Op
from nnasim.reference import Reference
from nnasim.reference.constants import require_bits
from nnasim.sim.datapath import Datapath


class Running(NamedTuple):
    """A program's operations, by their index in it, and the inputs that they read."""

    program: Program
    ops: list[Op | None]
    inputs: list[str]


class SramDatapath(Datapath):
    """Moves and computes the integers of ``constants`` (weights, biases, tables, ``OP.rescale`` rows, initial states).

    ``inputs``: the inputs of the current utterance; the value of a frame is handed over by the host. ``observed``: the
    integers observed so far. A command's results are computed from the content of its operands when it begins, and are
    written when it ends; a fused operation follows its product's last tile.
    """

    def __init__(self, compiled: CompiledTrace, constants: Mapping[str, NDArray[Any]]) -> None:
        self.compiled, self.trace = compiled, compiled.trace
        _refuse_reals_on_chip(compiled)
        self.addresses = address_map(compiled)
        scales = {
            f"{name}.rescale": constants[f"{old}.rescale"]
            for name, old in compiled.origin.items()
            if f"{old}.rescale" in constants
        }
        # The reference's own executors compute what no tile does, on the tensors of the SRAM.
        self.reference = Reference(self.trace, {**constants, **scales})
        for name, values in self.reference.tensors.items():
            require_bits(name, values, self.trace.tensors[name])
        self.sram = Sram(self.addresses.end)
        self.tensors = SramTensors(self.trace, self.sram, self.addresses)
        self.dram: dict[str, StoredWeight] = stored_weights(self.trace, compiled.uses, self.reference.tensors)
        self._watched = outputs_by_origin(compiled)
        self._load_constants()
        self.inputs: Inputs = {}
        self.observed = Observed()
        self._known: dict[int, Running] = {}
        self._running: list[Op | None] = []
        self._parts: dict[int, list[Integers]] = {}  # by operation: what its tiles or look-ups have made so far
        self._results: dict[int, dict[str, Integers]] = {}  # by operation: what is written when its command ends

    @property
    def logits(self) -> list[Integers]:
        """The inputs of every argmax of the utterance, in order."""
        return self.observed.logits

    # --- memory -------------------------------------------------------------------------------------------------

    def _load_constants(self) -> None:
        """Load the data that the chip holds before the first utterance: tables, and the resident weights."""
        for name, values in self.reference.tensors.items():
            self.tensors[name] = values
        for name in sorted(self.compiled.memory.resident):
            self.sram.write(self.addresses.lasting[name], self.dram[name].rows.ravel())
        self.reference.tensors = self.tensors

    def reset(self, inputs: Inputs) -> None:
        """Begin an utterance with ``inputs``: every state has its initial value."""
        self.inputs, self.observed = inputs, Observed()
        self.reference.reset()

    def _buffer(self, buffer: int | None) -> Region:
        if buffer is None:
            raise SimulationError("functional run: a transfer without a buffer")
        return self.addresses.buffers[buffer]

    def _rows(self, weight: StoredWeight, row: int, rows: int, buffer: int | None) -> Bytes:
        """``rows`` rows of ``weight``, byte behind byte, as SRAM holds them now."""
        if buffer is None:
            return self.sram.read(self.addresses.lasting[weight.name], rows * weight.row_bytes, row * weight.row_bytes)
        return self.sram.read(self._buffer(buffer), rows * weight.row_bytes)

    # --- what the machine tells ---------------------------------------------------------------------------------

    def begin_step(self, step: Step) -> None:
        """Address the program's graph; its frames' inputs are with the host."""
        for name in self.enter(step.program).inputs:
            heard = self.compiled.heard.get(name, Heard(name, (0,)))
            values = self.inputs[heard.input][[step.frame + frame for frame in heard.frames]]
            self.tensors[name] = values.reshape(self.trace.tensors[name].shape)

    def enter(self, program: Program) -> Running:
        """The running program, which is now ``program``."""
        running = self._known.get(id(program)) or self._remembered(program)
        self._running = running.ops
        self.tensors.enter(program.graph)
        return running

    def _remembered(self, program: Program) -> Running:
        graph = self.trace.graphs.get(program.graph)
        named = iter(graph.ops if graph else ())
        ops = [None if info.kind in ("handoff", "load_weights") else next(named) for info in program.ops]
        reads = dict.fromkeys(name for op in ops if op for name in op.inputs)
        inputs = [name for name in reads if self.trace.tensors[name].role == "input"]
        # By identity, which keeping the program makes safe: hashing its commands takes longer than running them.
        return self._known.setdefault(id(program), Running(program, ops, inputs))

    def begin_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """Mark the buffer as invalid until the transfer ends."""
        self.sram.poison(self._buffer(buffer))

    def end_transfer(self, transfer: Transfer, buffer: int | None) -> None:
        """Copy the rows; an embedding's row is the one that the token names."""
        row = self._token(self._op(transfer.op), transfer.row) if transfer.looked_up else transfer.row
        rows = self.dram[transfer.tensor].rows[row : row + transfer.rows]
        self.sram.write(self._buffer(buffer), rows.ravel())

    def begin(self, command: Command, buffer: int | None) -> None:
        """Read the operands, and compute."""
        if isinstance(command, HandoffCommand):
            return
        if isinstance(command, MatmulCommand):
            self._begin_tile(command, buffer)
        elif isinstance(command, ElementCommand) and command.kind == "embedding":
            self._begin_lookup(command, buffer)
        elif not (isinstance(command, ViewCommand) and self.tensors.in_sram(self._op(command.op).outputs[0])):
            self._results[command.op] = self.reference.results(self._op(command.op))

    def end(self, command: Command) -> None:
        """Write the results."""
        if isinstance(command, HandoffCommand):
            return
        op = self._op(command.op)
        if isinstance(command, MatmulCommand):
            if not command.last:
                return
            self._write_parts(command.op, op, axis=-1 - len(op.told(Conv).kernel) if op.kind == "conv" else -1)
        elif isinstance(command, ElementCommand) and command.kind == "embedding":
            if len(self._parts[command.op]) < self.trace.tensors[op.x].elements:
                return
            self._write_parts(command.op, op, axis=0)
        else:
            for name, values in self._results.pop(command.op, {}).items():
                self.tensors[name] = values
        self.observed.after(op, self._watched, self.tensors)

    def _op(self, index: int) -> Op:
        op = self._running[index] if index < len(self._running) else None
        if op is None:
            raise SimulationError("functional run: a command outside any step")
        return op

    # --- what the array and the look-ups compute ----------------------------------------------------------------

    def _begin_tile(self, command: MatmulCommand, buffer: int | None) -> None:
        op = self._op(command.op)
        rows = None
        if not command.flowing:
            weight = self.dram[op.weight]
            rows = weight.numbers(command.row, self._rows(weight, command.row, command.n, buffer))
        operands = [self.tensors[name] for name in op.data]
        self._parts.setdefault(command.op, []).append(product_of_tile(op, command, operands, rows, self.trace))

    def _begin_lookup(self, command: ElementCommand, buffer: int | None) -> None:
        op = self._op(command.op)
        weight = self.dram[op.weight]
        row = self._token(op, command.part) if buffer is None else 0
        self._parts.setdefault(command.op, []).append(unpack(self._rows(weight, row, 1, buffer), weight.bits, weight.k))

    def _token(self, op: Op, place: int) -> int:
        """Token number ``place`` of what ``op`` looks up. Raises SimulationError for one outside the vocabulary."""
        token, tokens = int(self.tensors[op.x].flat[place]), len(self.dram[op.weight].rows)
        if not 0 <= token < tokens:
            raise SimulationError(f"functional run: {op.name} looks up token {token}, which must be 0..{tokens - 1}")
        return token

    def _write_parts(self, index: int, op: Op, axis: int) -> None:
        """Write what tiles or look-ups have made, one behind the other along ``axis``."""
        parts = self._parts.pop(index)
        self.tensors[op.outputs[0]] = parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


def _refuse_reals_on_chip(compiled: CompiledTrace) -> None:
    """Raise TraceError if the chip would quantise: SRAM holds integers, and what arrives are real numbers."""
    for name, graph in compiled.trace.graphs.items():
        for op in graph.ops:
            if op.kind == "quantise" and compiled.units[name][op.name] == "nna":
                raise TraceError("functional run", op.name, "nna", "quantises real numbers, which only the CPU can")


def outputs_by_origin(compiled: CompiledTrace) -> dict[str, str]:
    """Each output that the compiled trace writes -> the given trace's: chunks write one for each of their calls."""
    marks, given = marks_of(compiled.given), compiled.given.tensors
    outputs = (name for name, spec in compiled.trace.tensors.items() if spec.role == "output")
    return {name: name if name in given else name.partition(marks.step)[0] for name in outputs}
