"""The commands that must have ended before a command may begin: hazards of tensors, and of the bytes of SRAM that they
share.

A command reads what others wrote (read after write), and writes where others still read or wrote (write after read,
write after write). Tensors that never live at one time may have the same bytes, so writing one waits for all commands
that touch the other. Weights need no entry: a tile waits for its transfer, and a transfer for a free buffer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from nnasim.compiler.allocate import Allocation
from nnasim.ir.program import Ahead, Command, FusedCommand, MatmulCommand, ViewCommand
from nnasim.ir.trace import Op, OpTrace, Unit

Sharing = Mapping[str, Sequence[str]]
"""Tensor -> the others that have a byte in common with it."""


@dataclass(frozen=True, slots=True)
class Access:
    """The tensors that an operation on ``unit`` reads and writes; a hand-off reads all tensors that it brings,
    ``brought_to`` a unit.
    """

    unit: Unit
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    brought_to: Unit | None = None

    @classmethod
    def of(cls, trace: OpTrace, op: Op, unit: Unit, views: Mapping[str, str]) -> Access:
        """The access of ``op``. Reading a view touches its tensor too, and constants are never written."""
        reads = [name for name in op.inputs if trace.tensors[name].role not in ("weight", "bias", "table")]
        reads += op.outputs if trace.shifts(op) else ()
        touched = dict.fromkeys(reads) | dict.fromkeys(views[name] for name in reads if name in views)
        return cls(unit=unit, reads=tuple(touched), writes=op.outputs)


def sharing_of(placed: Sequence[Allocation]) -> Sharing:
    """Those of ``placed`` that share a byte, at whatever time they live."""
    return {
        place.life.name: [
            other.life.name
            for other in placed
            if other is not place and other.address < place.end and place.address < other.end
        ]
        for place in placed
    }


class ScoreBoard:
    """The operation that last wrote, brought and touched each tensor, up to the current operation."""

    def __init__(self, sharing: Sharing) -> None:
        self._sharing = sharing
        self._writer: dict[str, int] = {}
        self._brought: dict[tuple[str, Unit], int] = {}
        self._touched: dict[str, set[int]] = {}

    def follow(self, index: int, access: Access) -> set[int]:
        """The operations that must have ended before operation ``index`` may begin, all of them before it."""
        needs = {source for tensor in access.reads if (source := self._source(tensor, access.unit)) is not None}
        for tensor in access.writes:
            for other in (tensor, *self._sharing.get(tensor, ())):
                needs |= self._touched.get(other, set())
        self._note(index, access)
        return needs

    def _source(self, tensor: str, unit: Unit) -> int | None:
        """The operation that put ``tensor`` where ``unit`` reads it: a hand-off, or the one that wrote it."""
        return self._brought.get((tensor, unit), self._writer.get(tensor))

    def _note(self, index: int, access: Access) -> None:
        for tensor in access.reads:
            self._touched.setdefault(tensor, set()).add(index)
            if access.brought_to is not None:
                self._brought[tensor, access.brought_to] = index
        for tensor in access.writes:
            self._writer[tensor] = index
            self._touched[tensor] = {index}
            for unit in ("nna", "cpu"):
                self._brought.pop((tensor, unit), None)


def look_ahead(commands: Sequence[Command], accesses: Sequence[Access], sharing: Sharing) -> Ahead:
    """The commands that each command waits for, and the order in which they enter the window.

    ``commands`` in program order; ``accesses``: those of the operations, by ``Command.op``.
    """
    board = ScoreBoard(sharing)
    needs = [board.follow(index, access) for index, access in enumerate(accesses)]
    places: dict[int, list[int]] = {}
    for place, command in enumerate(commands):
        places.setdefault(command.op, []).append(place)
    waits: list[tuple[int, ...]] = [()] * len(commands)
    for op, (first, *_) in places.items():
        waits[first] = tuple(sorted(places[need][-1] for need in needs[op]))
    ops = _entering(_products(commands, places), needs)
    return Ahead(tuple(place for op in ops for place in places[op]), tuple(waits))


def _products(commands: Sequence[Command], places: Mapping[int, Sequence[int]]) -> Iterator[tuple[bool, list[int]]]:
    """(whether it is a product, operations) of each product with what rides behind it, and of each other operation."""
    group: list[int] = []
    product = False
    for op, (first, *_) in places.items():
        if isinstance(commands[first], FusedCommand | ViewCommand) and product:
            group.append(op)
            continue
        if group:
            yield product, group
        group, product = [op], isinstance(commands[first], MatmulCommand)
    if group:
        yield product, group


def _entering(groups: Iterator[tuple[bool, list[int]]], needs: Sequence[set[int]]) -> Iterator[int]:
    """Operations in the order in which they enter: of products in a row, those first whose operands are there first.

    So a layer's product with its own state, which waits for nothing of this call, is not held up behind the one with
    the layer before. Who needs another's result has a later operand than it, so that no order is broken.
    """

    def latest_operand(group: list[int]) -> int:
        return max((need for op in group for need in needs[op] if need not in group), default=-1)

    for product, row in groupby(groups, key=lambda item: item[0]):
        members = [group for _, group in row]
        for group in sorted(members, key=latest_operand) if product else members:
            yield from group
