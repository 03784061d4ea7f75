"""Operations of one graph -> commands, transfers and hand-offs of one Program."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnasim.compiler.handoffs import Ledger
from nnasim.compiler.memory_plan import MemoryPlan
from nnasim.compiler.weights import WeightUse, row_bytes, stored_bytes
from nnasim.hardware import NnaConfig
from nnasim.hardware.units import PER_INPUT_ELEMENT
from nnasim.ir.program import (
    Block,
    Command,
    ElementCommand,
    FusedCommand,
    HandoffCommand,
    Holders,
    HostCommand,
    MatmulCommand,
    OpInfo,
    Program,
    Transfer,
)
from nnasim.ir.trace import Op, OpTrace, Unit


@dataclass(frozen=True)
class LoweringContext:
    """All that lowering one graph needs and does not change. ``origin``: the names under which time is reported, where
    chunking has made an operation of another.
    """

    trace: OpTrace
    chip: NnaConfig
    units: dict[str, Unit]
    fused: set[str]
    memory: MemoryPlan
    cpu_streams_weights: bool
    origin: dict[str, str]


@dataclass
class Lowering:
    """Collects the commands of one graph, operation by operation."""

    context: LoweringContext
    graph: str
    ledger: Ledger
    ops: list[OpInfo] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)

    def add(self, op: Op) -> None:
        """Append ``op``, and before it the crossing that it needs."""
        unit = self.context.units[op.name]
        self.ledger.arrive(op)
        if self.ledger.needs_crossing(op, unit):
            self.cross(unit)
        if op.name in self.context.fused:
            self.commands.append(FusedCommand(self._info(op, unit, "mac_array")))
        elif unit == "cpu":
            self._host(op)
        elif op.kind == "matmul":
            self._matmul(op)
        else:
            self._element(op)
        self.ledger.make(op, unit)
        if op.kind == "argmax" and unit == "nna" and not self.context.chip.sequencer.on_chip_decode:
            self.cross("cpu")
            self.ledger.make(op, "cpu")

    def cross(self, to: Unit) -> None:
        """Append a crossing."""
        self.ops.append(
            OpInfo(
                graph=self.graph,
                name=f"handoff.to_{to}",
                kind="handoff",
                group="handoff",
                layer="handoff",
                unit="cpu",
                block="host",
            )
        )
        self.commands.append(HandoffCommand(len(self.ops) - 1, to, self._bytes(*self._handed_over(to))))
        self.ledger.cross(to)

    def _handed_over(self, to: Unit) -> list[str]:
        """Tensors that only the other unit holds; what never left the MAC array is none of them."""
        graph = self.context.trace.graphs.get(self.graph)
        inside = {op.x for op in graph.ops if op.name in self.context.fused} if graph else set()
        return [tensor for tensor, unit in self.ledger.only.items() if unit != to and tensor not in inside]

    def _info(self, op: Op, unit: Unit, block: Block) -> int:
        name = self.context.origin.get(op.name, op.name)
        self.ops.append(
            OpInfo(graph=self.graph, name=name, kind=op.kind, group=op.group, layer=op.layer, unit=unit, block=block)
        )
        return len(self.ops) - 1

    def _bytes(self, *tensors: str) -> int:
        return sum(self.context.trace.tensors[tensor].bytes for tensor in tensors)

    def _host(self, op: Op) -> None:
        trace, index = self.context.trace, self._info(op, "cpu", "host")
        if op.kind == "matmul":
            x, weight = (trace.tensors[name] for name in (op.x, op.weight))
            streamed = weight.bytes if self.context.cpu_streams_weights else 0
            bits = max(x.bits, weight.bits)
            self.commands.append(
                HostCommand(
                    op=index,
                    kind=op.kind,
                    elements=0,
                    macs=x.elements * weight.shape[0],
                    dram_bytes=streamed,
                    operand_bits=bits,
                )
            )
        else:
            self.commands.append(HostCommand(op=index, kind=op.kind, elements=self._elements(op), macs=0, dram_bytes=0))

    def _elements(self, op: Op) -> int:
        counted = (op.x,) if op.kind in PER_INPUT_ELEMENT else op.outputs
        return sum(self.context.trace.tensors[tensor].elements for tensor in counted)

    def _matmul(self, op: Op) -> None:
        trace, index = self.context.trace, self._info(op, "nna", "mac_array")
        name, bytes_per_row = op.weight, row_bytes(trace, op)
        x, weight = trace.tensors[op.x], trace.tensors[name]
        n, k = weight.shape
        step, out = self.context.memory.tile_rows.get(name, n), self._bytes(*op.outputs)
        for row in range(0, n, step):
            rows = min(step, n - row)
            first, last = row == 0, row + rows == n
            port = rows * bytes_per_row + (x.bytes if first else 0) + (out if last else 0)
            self.commands.append(
                MatmulCommand(
                    op=index,
                    m=x.elements // k,
                    n=rows,
                    k=k,
                    row=row,
                    weight_bits=weight.bits,
                    input_bits=min(x.bits, 16),
                    transfer=self._transfer(index, name, row, rows, bytes_per_row),
                    first=first,
                    last=last,
                    sram_bytes=port,
                )
            )

    def _transfer(self, index: int, weight: str, row: int, rows: int, bytes_per_row: int) -> int | None:
        """Index of a new transfer of ``rows`` rows of ``weight``, None if it is resident."""
        if weight in self.context.memory.resident:
            return None
        size = stored_bytes(self.context.chip, rows * bytes_per_row)
        self.transfers.append(Transfer(index, weight, row, rows, size))
        return len(self.transfers) - 1

    def _element(self, op: Op) -> None:
        index, transfer = self._info(op, "nna", "activation_unit"), None
        if op.kind == "embedding":
            transfer = self._transfer(index, op.weight, 0, 1, row_bytes(self.context.trace, op))
        read = () if op.kind == "embedding" else op.inputs
        self.commands.append(
            ElementCommand(
                op=index,
                kind=op.kind,
                elements=self._elements(op),
                transfer=transfer,
                sram_bytes=self._bytes(*read, *op.outputs),
            )
        )


def lower(context: LoweringContext, graph: str, entry: Holders) -> Program:
    """The program of ``graph`` when the tensors are held as ``entry`` says."""
    work = Lowering(context, graph, Ledger(context.trace, entry))
    for op in context.trace.graphs[graph].ops:
        work.add(op)
    return _program(work, entry)


def lower_return(context: LoweringContext, entry: Holders) -> Program:
    """The crossing that returns a frame's result to the host."""
    work = Lowering(context, "frame_end", Ledger(context.trace, entry))
    work.cross("cpu")
    return _program(work, entry)


def lower_boot(context: LoweringContext, uses: dict[str, WeightUse]) -> Program:
    """Loading the resident weights, once, before the first utterance. No command waits for it but its end."""
    work = Lowering(context, "boot", Ledger(context.trace, ()))
    for use in (use for use in uses.values() if use.tensor in context.memory.resident):
        layer = use.tensor.partition(".")[0]
        work.ops.append(
            OpInfo(
                graph="boot", name=use.tensor, kind="load_weights", group="boot", layer=layer, unit="nna", block="dram"
            )
        )
        size = stored_bytes(context.chip, use.bytes)
        work.transfers.append(Transfer(len(work.ops) - 1, use.tensor, 0, use.rows, size))
    return _program(work, ())


def _program(work: Lowering, entry: Holders) -> Program:
    crossings = [(index, c.to) for index, c in enumerate(work.commands) if isinstance(c, HandoffCommand)]
    return Program(
        graph=work.graph,
        ops=tuple(work.ops),
        commands=tuple(work.commands),
        transfers=tuple(work.transfers),
        weight_buffers=work.context.memory.buffers,
        entry=entry,
        exit=work.ledger.exit(),
        crossings=tuple(crossings),
    )
