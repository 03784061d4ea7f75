"""Program: what the chip executes for one call of a graph. Frozen records; made by the compiler, run by sim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Literal, NamedTuple

from nnasim.ir.operands import OpKind
from nnasim.ir.trace import OpGroup, Unit

Block = Literal["sequencer", "dma", "dram", "sram", "mac_array", "activation_unit", "host"]
BLOCKS: tuple[Block, ...] = Block.__args__  # type: ignore[attr-defined]
NNA_BLOCKS: tuple[Block, ...] = ("sequencer", "dma", "sram", "mac_array", "activation_unit")

# Tensors of which only one unit holds the current value: the chip's state between two calls, as far as time
# is concerned. Sorted pairs, so that equal states are equal records.
Holders = tuple[tuple[str, Unit], ...]


@dataclass(frozen=True, slots=True)
class OpInfo:
    """The owner of a command's time: an operation of a graph, or a hand-off between its operations."""

    graph: str
    name: str
    kind: OpKind | Literal["handoff", "load_weights"]
    group: OpGroup | Literal["handoff", "boot"]
    layer: str
    unit: Unit
    block: Block


class Transfer(NamedTuple):
    """One DMA read from DRAM into a weight buffer (or, while booting, into resident SRAM).

    ``op``: index into ``Program.ops``; ``bytes``: DRAM bytes, compressed and aligned; ``row``: first of the ``rows``
    rows of the tensor; of an embedding, the place of the token that names the row. ``address``: in DRAM; of an
    embedding, as if tokens named the first rows; ``looked_up``: whether a token names the row, so that it is known
    when the call begins and no earlier. A tuple, as a record of what ran is: there are a thousand to a frame.
    """

    op: int
    tensor: str
    row: int
    rows: int
    bytes: int
    address: int = 0
    looked_up: bool = False


class MatmulCommand(NamedTuple):
    """One tile of a product on the MAC array: C[m, n] = A[m, k] @ B[k, n], output channels ``row`` to ``row + n``.

    ``transfer``: index into ``Program.transfers`` of the tile's weights, None if they are resident. ``first`` and
    ``last``: the tile opens, closes the pass. ``sram_bytes``: bytes that pass through the SRAM's port.
    A convolution: m output positions, k = channels that a kernel reads x its ``taps``. ``groups``: the number
    of equal parts of n, each with its own A: groups of a convolution that the tile holds outputs of, or
    products of a batch (n their columns together). ``flowing``: B is computed, and no stored weight. ``rides``: kind of
    the activation that outputs pass on their way out, if any. A tuple, as its transfer is.
    """

    op: int
    m: int
    n: int
    k: int
    row: int
    weight_bits: int
    input_bits: int
    transfer: int | None
    first: bool
    last: bool
    sram_bytes: int
    taps: int = 1
    groups: int = 1
    flowing: bool = False
    rides: OpKind | None = None

    @property
    def outputs(self) -> int:
        """Outputs of the tile."""
        return self.m * self.n


@dataclass(frozen=True, slots=True)
class ElementCommand:
    """One pass of the activation unit: ``elements`` outputs of operation ``kind``; ``transfer`` as in a matmul.

    ``part``: of an embedding, which is a pass for each of its tokens, the place of this one's among them.
    """

    op: int
    kind: OpKind
    elements: int
    transfer: int | None
    sram_bytes: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class HostCommand:
    """One operation on the CPU: ``macs`` for a product, ``elements`` otherwise; ``dram_bytes`` it reads at ``address``.

    ``operand_bits``: of a product's wider operand; a product of two 8-bit operands runs at the CPU's int8 rate.
    """

    op: int
    kind: OpKind
    elements: int
    macs: int
    dram_bytes: int
    operand_bits: int = 32
    address: int = 0


@dataclass(frozen=True, slots=True)
class FusedCommand:
    """An operation that the unit before it performs on the way out; its time is a part of that unit's."""

    op: int


@dataclass(frozen=True, slots=True)
class ViewCommand:
    """Another name for bytes that exist already: no work is done."""

    op: int


@dataclass(frozen=True, slots=True)
class HandoffCommand:
    """One crossing between CPU and NNA; everything that the other side has made is handed over with it.

    ``bytes``: size of all that.
    """

    op: int
    to: Unit
    bytes: int = 0


Command = MatmulCommand | ElementCommand | HostCommand | FusedCommand | ViewCommand | HandoffCommand


@dataclass(frozen=True, slots=True)
class Ahead:
    """The rules for commands that overtake each other. Commands are named by their index in ``Program.commands``.

    ``order``: in which they enter the window, and the weights of those that stream are fetched. ``needs``: for each
    command, those that must have ended before it begins; in addition, a block runs its commands one after another.
    """

    order: tuple[int, ...]
    needs: tuple[tuple[int, ...], ...]


class Stretch(NamedTuple):
    """The commands from index ``first`` on, ``tiles`` of them: tiles of one product that differ in their index only.

    If their weights stream, the transfers are consecutive too, and have the same size. A command that is not such a
    tile is a stretch of its own.
    """

    first: int
    tiles: int


@dataclass(frozen=True)
class Program:
    """The commands of one call in issue order, and the transfers that the DMA runs ahead with.

    ``weight_buffers``: buffers that transfers may occupy. ``entry``, ``exit``: who holds what before and after.
    ``crossings``: where hand-offs stand among the commands, and whereto. ``ahead``: how commands may overtake, None
    if the chip lets none. All else follows from the graph, so within one compiled trace graph, crossings and
    ``ahead`` (a hand-off may bring more or less) say which programs run alike.
    """

    graph: str
    ops: tuple[OpInfo, ...]
    commands: tuple[Command, ...]
    transfers: tuple[Transfer, ...]
    weight_buffers: int
    entry: Holders
    exit: Holders
    crossings: tuple[tuple[int, Unit], ...] = ()
    ahead: Ahead | None = None

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The commands as stretches of like tiles, in order: thousands of tiles make some ten of them."""
        return tuple(_stretches(self))

    @cached_property
    def dram_bytes(self) -> int:
        """Bytes that the program moves between DRAM and anyone."""
        return sum(transfer.bytes for transfer in self.transfers) + sum(
            command.dram_bytes for command in self.commands if isinstance(command, HostCommand)
        )

    @cached_property
    def macs_of_ops(self) -> tuple[tuple[int, int], ...]:
        """(operation, its multiply-accumulates, on either unit), a stretch of commands at a time."""
        commands = [(self.commands[first], tiles) for first, tiles in self.stretches]
        array = [(c.op, tiles * c.m * c.n * c.k) for c, tiles in commands if isinstance(c, MatmulCommand)]
        return (*array, *((c.op, c.macs) for c, _ in commands if isinstance(c, HostCommand) and c.macs))

    @property
    def macs(self) -> int:
        """Multiply-accumulates, on either unit."""
        return sum(macs for _, macs in self.macs_of_ops)

    @cached_property
    def handoffs(self) -> int:
        """Crossings between CPU and NNA."""
        return sum(isinstance(command, HandoffCommand) for command in self.commands)


def _stretches(program: Program) -> Iterator[Stretch]:
    first, count = 0, len(program.commands)
    for place in range(1, count + 1):
        if place == count or not _is_like_the_one_before(program, place):
            yield Stretch(first, place - first)
            first = place


# All of a tile but which rows it is of, and all of a transfer but where they stand.
_of_tile = attrgetter(
    "op", "n", "first", "last", "sram_bytes", "groups", "rides", "m", "k", "weight_bits", "input_bits", "taps",
    "flowing",
)  # fmt: skip
_of_transfer = attrgetter("op", "tensor", "bytes", "looked_up")


def _is_like_the_one_before(program: Program, place: int) -> bool:
    before, command = program.commands[place - 1], program.commands[place]
    if not isinstance(before, MatmulCommand) or not isinstance(command, MatmulCommand):
        return False
    if _of_tile(before) != _of_tile(command):
        return False
    if before.transfer is None or command.transfer is None:
        return before.transfer is command.transfer
    if command.transfer != before.transfer + 1 or not 0 < command.transfer < len(program.transfers):
        return False
    fetched_before, fetched = program.transfers[before.transfer], program.transfers[command.transfer]
    return bool(_of_transfer(fetched_before) == _of_transfer(fetched))
