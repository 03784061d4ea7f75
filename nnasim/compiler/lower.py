"""Operations of one graph -> commands, transfers and hand-offs of one Program."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from nnasim.compiler.handoffs import OTHER, Ledger
from nnasim.compiler.memory_plan import MemoryPlan
from nnasim.compiler.score_board import Access, Sharing, look_ahead
from nnasim.compiler.weights import WeightUse, read_whole, stored_bytes
from nnasim.hardware import NnaConfig
from nnasim.ir.attributes import Conv
from nnasim.ir.operands import PRODUCTS
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
    ViewCommand,
)
from nnasim.ir.shapes import elements_of, macs_of
from nnasim.ir.trace import Op, OpTrace, Unit
from nnasim.units import ceil_div


@dataclass(frozen=True)
class LoweringContext:
    """All that lowering one graph needs and does not change.

    ``inside``: tensors that never leave the MAC array; ``views``: view -> tensor; ``origin``: the names under which
    time is reported, where chunking has made an operation of another; ``addresses``: of weights in DRAM; ``sharing``:
    which tensors share bytes, None if commands run one after another, so that it does not matter.
    """

    trace: OpTrace
    chip: NnaConfig
    units: Mapping[str, Unit]
    fused: Collection[str]
    inside: Collection[str]
    views: Mapping[str, str]
    uses: Mapping[str, WeightUse]
    memory: MemoryPlan
    addresses: Mapping[str, int]
    cpu_streams_weights: bool
    origin: Mapping[str, str]
    sharing: Sharing | None


@dataclass
class Lowering:
    """Collects the commands of one graph, operation by operation."""

    context: LoweringContext
    graph: str
    ledger: Ledger
    ops: list[OpInfo] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    """The tensors that each of ``ops`` reads and writes."""
    tiles: dict[str, range] = field(default_factory=dict)
    """Tensor inside the MAC array -> where the tiles that make it stand among ``commands``."""

    def add(self, op: Op) -> None:
        """Append ``op``, and before it the crossing that it needs."""
        unit = self.context.units[op.name]
        self.ledger.arrive(op)
        if op.is_view:
            self._view(op, unit)
            self._carry_on(op)
            return
        if self.ledger.needs_crossing(op, unit):
            self.cross(unit)
        if op.name in self.context.fused:
            self._ride(op)
        elif unit == "cpu":
            self._host(op)
        elif op.kind in PRODUCTS:
            self._product(op)
        elif op.kind == "embedding":
            self._look_up(op)
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
        handed = self._handed_over(to)
        self.accesses.append(Access(unit=OTHER[to], reads=tuple(sorted(handed)), brought_to=to))
        self.commands.append(HandoffCommand(len(self.ops) - 1, to, self._bytes(*handed)))
        self.ledger.cross(to)

    def _handed_over(self, to: Unit) -> set[str]:
        """Tensors that only the other unit holds, without those that never left the MAC array."""
        held = self.ledger.alone[OTHER[to]]
        return {self.context.views.get(tensor, tensor) for tensor in held} - set(self.context.inside)

    def _info(self, op: Op, unit: Unit, block: Block) -> int:
        name = self.context.origin.get(op.name, op.name)
        self.accesses.append(Access.of(self.context.trace, op, unit, self.context.views))
        self.ops.append(
            OpInfo(graph=self.graph, name=name, kind=op.kind, group=op.group, layer=op.layer, unit=unit, block=block)
        )
        return len(self.ops) - 1

    def _bytes(self, *tensors: str) -> int:
        return sum(self.context.trace.tensors[tensor].bytes for tensor in tensors)

    def _view(self, op: Op, unit: Unit) -> None:
        self.ledger.show(op)
        holder = self.ledger.holder(op.outputs[0]) or unit
        self.commands.append(ViewCommand(self._info(op, holder, "host" if holder == "cpu" else "sram")))

    def _host(self, op: Op) -> None:
        trace, index = self.context.trace, self._info(op, "cpu", "host")
        macs, weights = macs_of(op, trace.tensors), read_whole(trace, op)
        command = HostCommand(
            op=index,
            kind=op.kind,
            elements=0 if macs else elements_of(op, trace.tensors),
            macs=macs,
            dram_bytes=self._bytes(*weights) if self.context.cpu_streams_weights else 0,
            address=self.context.addresses[weights[0]] if weights else 0,
        )
        if op.kind in PRODUCTS:
            bits = max(trace.tensors[name].bits for name in op.inputs[:2])
            command = replace(command, operand_bits=bits)
        self.commands.append(command)

    def _product(self, op: Op) -> None:
        first = len(self.commands)
        if op.kind == "bmm":
            self._computed_product(op)
        else:
            self._stored_product(op)
        self.tiles.update(dict.fromkeys(op.outputs, range(first, len(self.commands))))

    def _ride(self, op: Op) -> None:
        """Append ``op``, and tell the tiles that it rides behind of an activation that it is."""
        self.commands.append(FusedCommand(self._info(op, "nna", "mac_array")))
        tiles = self._carry_on(op)
        for place in tiles if op.kind != "requantise" else ():
            tile = self.commands[place]
            assert isinstance(tile, MatmulCommand)
            self.commands[place] = tile._replace(rides=op.kind)

    def _carry_on(self, op: Op) -> range:
        """The tiles that made the input of ``op``, and so make its output too; empty for an operation outside of the
        MAC array.
        """
        tiles = self.tiles.get(op.x, range(0))
        self.tiles.update(dict.fromkeys(op.outputs, tiles))
        return tiles

    def _stored_product(self, op: Op) -> None:
        """Write a tile for each part of the weight that is in SRAM at a time: rows of whole groups, or parts of one."""
        trace, index = self.context.trace, self._info(op, "nna", "mac_array")
        use, x, weight = self.context.uses[op.weight], trace.tensors[op.x], trace.tensors[op.weight]
        taps = prod(op.told(Conv).kernel) if op.kind == "conv" else 1
        group = weight.shape[0] // op.told(Conv).groups if op.kind == "conv" else weight.shape[0]
        out, made = self._bytes(*op.outputs), sum(trace.tensors[name].elements for name in op.outputs)
        cut = use.cut(self.context.memory.tile_rows.get(op.weight, use.rows))
        address = self.context.addresses[op.weight]
        for row, rows in cut.tiles():
            first, last = row == 0, row + rows == use.rows
            port = rows * use.row_bytes + (x.bytes if first else 0) + (out if last else 0)
            self.commands.append(
                MatmulCommand(
                    op=index,
                    m=made // use.rows,
                    n=rows,
                    k=weight.elements // use.rows,
                    row=row,
                    weight_bits=weight.bits,
                    input_bits=min(x.bits, 16),
                    transfer=self._transfer(index, op.weight, row, rows, address),
                    first=first,
                    last=last,
                    sram_bytes=port,
                    taps=taps,
                    groups=ceil_div(rows, group),
                )
            )
            address += stored_bytes(self.context.chip, rows * use.row_bytes)

    def _computed_product(self, op: Op) -> None:
        """Write one tile of as many groups as there are products; both operands are in SRAM, so that nothing
        streams.
        """
        tensors, index = self.context.trace.tensors, self._info(op, "nna", "mac_array")
        (a, b), made = (tensors[name] for name in op.data), tensors[op.outputs[0]]
        *batch, m, n = made.shape
        self.commands.append(
            MatmulCommand(
                op=index,
                m=m,
                n=prod(batch) * n,
                k=a.shape[-1],
                row=0,
                weight_bits=b.bits,
                input_bits=min(a.bits, 16),
                transfer=None,
                first=True,
                last=True,
                sram_bytes=a.bytes + b.bytes + made.bytes,
                groups=prod(batch),
                flowing=True,
            )
        )

    def _transfer(
        self, index: int, weight: str, row: int, rows: int, address: int, *, looked_up: bool = False
    ) -> int | None:
        """Index of a new transfer of ``rows`` rows of ``weight`` from ``address`` on, None if it is resident."""
        if weight in self.context.memory.resident:
            return None
        size = stored_bytes(self.context.chip, rows * self.context.uses[weight].row_bytes)
        self.transfers.append(Transfer(index, weight, row, rows, size, address, looked_up))
        return len(self.transfers) - 1

    def _look_up(self, op: Op) -> None:
        """Write a pass for each token: its row is fetched and written."""
        tensors, index = self.context.trace.tensors, self._info(op, "nna", "activation_unit")
        tokens, made = tensors[op.x].elements, sum(tensors[name].elements for name in op.outputs)
        table = self.context.addresses[op.weight]
        stored = stored_bytes(self.context.chip, self.context.uses[op.weight].row_bytes)
        for token in range(tokens):
            self.commands.append(
                ElementCommand(
                    op=index,
                    kind=op.kind,
                    elements=made // tokens,
                    transfer=self._transfer(index, op.weight, token, 1, table + token * stored, looked_up=True),
                    sram_bytes=self._bytes(*op.outputs) // tokens,
                    part=token,
                )
            )

    def _element(self, op: Op) -> None:
        self.commands.append(
            ElementCommand(
                op=self._info(op, "nna", "activation_unit"),
                kind=op.kind,
                elements=elements_of(op, self.context.trace.tensors),
                transfer=None,
                sram_bytes=self._bytes(*op.inputs, *op.outputs),
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
    """The program that loads the resident weights, once, before the first utterance. Only its end is waited for."""
    work = Lowering(context, "boot", Ledger(context.trace, ()))
    for use in (use for use in uses.values() if use.tensor in context.memory.resident):
        work.ops.append(
            OpInfo(
                graph="boot", name=use.tensor, kind="load_weights", group="boot", layer=use.layer, unit="nna",
                block="dram",
            )
        )  # fmt: skip
        size = stored_bytes(context.chip, use.bytes)
        address = context.addresses[use.tensor]
        work.transfers.append(Transfer(len(work.ops) - 1, use.tensor, 0, use.rows, size, address))
    return _program(work, ())


def _program(work: Lowering, entry: Holders) -> Program:
    crossings = [(index, c.to) for index, c in enumerate(work.commands) if isinstance(c, HandoffCommand)]
    sharing = work.context.sharing
    return Program(
        graph=work.graph,
        ops=tuple(work.ops),
        commands=tuple(work.commands),
        transfers=tuple(work.transfers),
        weight_buffers=work.context.memory.buffers,
        entry=entry,
        exit=work.ledger.exit(),
        crossings=tuple(crossings),
        ahead=None if sharing is None or not work.commands else look_ahead(work.commands, work.accesses, sharing),
    )
