"""The division of the SRAM into working set, weight buffers and resident weights, and the tiles of each weight.

Capacity is monotone: a larger SRAM never reads more DRAM. Tilings, that is tile sizes and numbers of buffers, form a
ladder from the fewest bytes to the configured ones. A rung may use the SRAM only up to where the next one begins to
fit, so that it never gets worse as the SRAM grows. The plan is the best of all that fit: it stays on a lower rung until
the next one, whose buffers leave less for residents, reads no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from nnasim import limits
from nnasim.compiler import constraints
from nnasim.compiler.allocate import aligned
from nnasim.compiler.residency import Item, choose_residents, most_saved
from nnasim.compiler.weights import WeightUse, stored_bytes
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.hardware.plausible import meant
from nnasim.units import ceil_div

MOST_TILES = 128  # of a large weight at the configured size, up to twice as many for what does not divide
MOST_COMMANDS = limits.WEIGHT_TILES
BELIEVED_BYTES = 2**12  # a smaller SRAM that does not hold the work is taken for one in KB or MB

Uses = Mapping[str, WeightUse]
Layout = tuple[frozenset[str], int, int, frozenset[tuple[str, int]]]
"""The part of a plan that programs depend on: plans of one layout have the same programs."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Regions of the SRAM in bytes: ``working_set``, resident weights, then ``buffers`` x ``buffer_bytes``.

    ``tile_rows``: rows of a tile, by weight tensor, if any product's weight streams: a resident weight is cut too, so
    that its reads share the SRAM's port fairly with the transfers of the others.
    """

    working_set: int
    resident: frozenset[str]
    resident_bytes: int
    buffers: int
    buffer_bytes: int
    tile_rows: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of SRAM that the plan uses."""
        return self.working_set + self.resident_bytes + self.buffers * self.buffer_bytes

    @property
    def layout(self) -> Layout:
        """Residents, buffers and tiles."""
        return self.resident, self.buffers, self.buffer_bytes, frozenset(self.tile_rows.items())


@dataclass(frozen=True, slots=True)
class Tiling:
    """A rung of the ladder: rows of a tile, by weight tensor, and the buffers that tiles stream through."""

    rows: Mapping[str, int]
    buffers: int
    buffer_bytes: int

    @property
    def bytes(self) -> int:
        """Bytes of SRAM that the buffers take."""
        return self.buffers * self.buffer_bytes


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tiling, and the residents that stand beside it: a fixed set, or the best choice within ``capacity`` bytes."""

    tiling: Tiling
    resident: frozenset[str] | None
    capacity: int = 0


def plan_memory(chip: NnaConfig, working_set: int, uses: Uses) -> MemoryPlan:
    """The division of the SRAM. Raises PlacementError, with the least ``sram.bytes`` that does, if it is too small.

    Of the plans that fit, the one that reads the fewest bytes of DRAM; of equals, the one with the largest buffers.
    """
    free = chip.sram.bytes - working_set
    best: MemoryPlan | None = None
    least = 0
    for offer in _offers(chip, free, uses):
        reads, resident = _best_of(chip, uses, offer, None if best is None else least)
        if best is None or reads < least:
            best, least = _plan(working_set, uses, offer.tiling, resident), reads
    return best or _refuse(chip, working_set, uses)


def latency_hidden(chip: NnaConfig, plan: MemoryPlan, uses: Uses) -> bool | None:
    """Whether transfers overlap as much as they would in a larger SRAM, so that the DRAM's latency costs nothing.

    None if no product's weight streams, or if the configured tiles would not cover the latency either.
    """
    streamed = {name: use for name, use in uses.items() if name not in plan.resident and use.rows_per_use > 1}
    if not streamed or not _covers_latency(chip, ladder(chip, streamed)[-1]):
        return None
    return _covers_latency(chip, Tiling({}, plan.buffers, plan.buffer_bytes))


def _covers_latency(chip: NnaConfig, tiling: Tiling) -> bool:
    """Tiles in flight, one for each channel with a buffer, carry what the bus moves in a latency and a tile more."""
    in_flight = min(chip.dma.channels, tiling.buffers) * tiling.buffer_bytes
    return in_flight >= chip.dram_bytes_per_cycle * chip.dram_latency_cycles + tiling.buffer_bytes


def _offers(chip: NnaConfig, free: int, uses: Uses) -> Iterator[_Offer]:
    """Every plan that fits in ``free`` bytes and is worth a look, large buffers first.

    Each is offered in any larger SRAM too, or replaced there by one of the same rung that reads no more.
    """
    if chip.sram.resident_weights is not None:
        yield from _around(chip, free, uses, _listed(chip, uses))
        return
    yield from _around(chip, free, uses, frozenset(uses))
    yield from _around(chip, free, uses, _worth(chip, uses))
    rungs = [rung for rung in ladder(chip, uses) if rung.bytes <= free]
    ends = [above.bytes - 1 for _, above in pairwise(rungs)] + [free]
    for rung, end in zip(reversed(rungs), reversed(ends), strict=False):
        yield _Offer(rung, None, end - rung.bytes)


def _around(chip: NnaConfig, free: int, uses: Uses, resident: frozenset[str]) -> Iterator[_Offer]:
    """``resident`` in SRAM, and the others through buffers of their own, if they fit in ``free`` bytes."""
    left = free - sum(uses[name].bytes for name in resident)
    rest = {name: use for name, use in uses.items() if name not in resident}
    products = any(use.rows_per_use > 1 for use in rest.values())
    cut = _whole_tiles(chip, uses) if products else {}
    for rung in reversed(ladder(chip, rest)):
        if rung.bytes <= left:
            yield _Offer(Tiling({**cut, **rung.rows}, rung.buffers, rung.buffer_bytes), resident)


def _whole_tiles(chip: NnaConfig, uses: Uses) -> dict[str, int]:
    """Rows of a tile of the configured size."""
    return tile_rows(chip, chip.sram.weight_tile_bytes, uses)


def _worth(chip: NnaConfig, uses: Uses) -> frozenset[str]:
    """Weights that cost no more bytes loaded once than streamed: all but those that are hardly used."""
    rows = _whole_tiles(chip, uses)
    return frozenset(name for name, use in uses.items() if _saved(chip, use, rows[name]) >= 0)


def _best_of(chip: NnaConfig, uses: Uses, offer: _Offer, beaten: int | None) -> tuple[int, frozenset[str]]:
    """(bytes that are read, residents); no more than a bound on them where that cannot get below ``beaten``."""
    rows = offer.tiling.rows
    all_streamed = sum(_streamed(chip, use, rows.get(name, use.rows)) for name, use in uses.items())
    items = [Item(name, use.bytes, _saved(chip, use, rows.get(name, use.rows))) for name, use in uses.items()]
    resident = offer.resident
    if resident is None:
        if beaten is not None and all_streamed - most_saved(items, offer.capacity) >= beaten:
            return beaten, frozenset()
        resident = choose_residents(items, offer.capacity)
    return all_streamed - sum(item.saved for item in items if item.tensor in resident), resident


def _streamed(chip: NnaConfig, use: WeightUse, rows: int) -> int:
    """DRAM bytes of the whole trace if the weight streams in tiles of ``rows``."""
    cut = use.cut(rows)
    whole, rest = divmod(cut.rows, cut.step)
    tiles = whole * stored_bytes(chip, cut.step * use.row_bytes)
    piece = tiles + (stored_bytes(chip, rest * use.row_bytes) if rest else 0)
    return use.uses * cut.pieces * piece + use.lookups * stored_bytes(chip, use.row_bytes)


def _saved(chip: NnaConfig, use: WeightUse, rows: int) -> int:
    """DRAM bytes that residence saves: all that would stream, less loading it once."""
    return _streamed(chip, use, min(rows, use.rows_per_use)) - stored_bytes(chip, use.bytes)


def _plan(working_set: int, uses: Uses, tiling: Tiling, resident: frozenset[str]) -> MemoryPlan:
    resident_bytes = sum(uses[name].bytes for name in resident)
    return MemoryPlan(
        working_set=working_set,
        resident=resident,
        resident_bytes=resident_bytes,
        buffers=tiling.buffers,
        buffer_bytes=tiling.buffer_bytes,
        tile_rows=dict(tiling.rows),
    )


def _listed(chip: NnaConfig, uses: Uses) -> frozenset[str]:
    """The user's list of resident weights. Raises PlacementError if it names something that is no weight on the NNA."""
    wanted = chip.sram.resident_weights or ()
    if unknown := sorted(set(wanted) - set(uses)):
        weights = ", ".join(uses) or "none"
        raise PlacementError(chip.name, "sram.resident_weights", unknown[0], f"weights on the NNA are {weights}")
    return frozenset(wanted)


def least_sram_bytes(chip: NnaConfig, working_set: int, uses: Uses) -> int:
    """The smallest ``sram.bytes`` that ``plan_memory`` accepts: a multiple of the banks."""
    listed = chip.sram.resident_weights is not None
    needed = []
    for resident in [_listed(chip, uses)] if listed else [frozenset[str](), frozenset(uses)]:
        rest = {name: use for name, use in uses.items() if name not in resident}
        needed.append(sum(uses[name].bytes for name in resident) + ladder(chip, rest)[0].bytes)
    banks = chip.sram.banks
    return ceil_div(working_set + min(needed), banks) * banks


def refuse_working_set(chip: NnaConfig, working_set: int, uses: Uses, needs: str = "") -> NoReturn:
    """Raise PlacementError with the least ``sram.bytes`` that is enough; ``needs``: the bytes of each part."""
    constraints.refuse(
        constraints.working_set_fits,
        chip.name,
        "sram.bytes",
        chip.sram.bytes,
        needs=f"{needs}; " if needs else "",
        sram_bytes=least_sram_bytes(chip, working_set, uses),
        meant=meant("sram.bytes", chip.sram.bytes) if chip.sram.bytes < BELIEVED_BYTES else "",
    )


def _refuse(chip: NnaConfig, working_set: int, uses: Uses) -> NoReturn:
    """Raise PlacementError that says what does not fit, and the least SRAM that is enough."""
    enough = least_sram_bytes(chip, working_set, uses)
    if not constraints.working_set_fits(chip, working_set):
        refuse_working_set(chip, working_set, uses)
    if chip.sram.resident_weights is not None:
        wanted = list(chip.sram.resident_weights)
        constraints.refuse(constraints.residents_fit, chip.name, "sram.resident_weights", wanted, sram_bytes=enough)
    least = {name: rows * uses[name].row_bytes for name, rows in tile_rows(chip, 1, uses).items()}
    largest = max(least, key=lambda name: least[name])
    where = f"{chip.name}: weight {largest}"
    constraints.refuse(constraints.weight_tile_fits, where, "tile bytes", aligned(least[largest]), sram_bytes=enough)


def ladder(chip: NnaConfig, uses: Uses) -> list[Tiling]:
    """Tilings of ascending bytes: from one buffer of the smallest tiles to the configured tiles and buffers.

    Downwards tiles are halved first, since small tiles still hide their transfers, and then buffers are given up.
    """
    if not uses:
        return [Tiling({}, 0, 0)]
    target, buffers, smallest = chip.sram.weight_tile_bytes, chip.sram.weight_buffers, _tiling(chip, 1, 1, uses)
    rungs = [_tiling(chip, target, buffers, uses)]
    while rungs[-1].bytes > smallest.bytes:
        if rungs[-1].buffer_bytes > smallest.buffer_bytes:
            target = ceil_div(target, 2)
        else:
            buffers -= 1
        rung = _tiling(chip, target, buffers, uses)
        rungs[-1 if rung.bytes == rungs[-1].bytes else len(rungs) :] = [rung]
    return rungs[::-1]


def _tiling(chip: NnaConfig, target: int, buffers: int, uses: Uses) -> Tiling:
    rows = tile_rows(chip, target, uses)
    return Tiling(rows, buffers, max(aligned(rows[name] * use.row_bytes) for name, use in uses.items()))


def tile_rows(chip: NnaConfig, target_bytes: int, uses: Uses) -> dict[str, int]:
    """Rows of a tile of about ``target_bytes``, by weight tensor: whole steps of the array, one at least, all at most.

    A large weight is cut into some ``MOST_TILES`` tiles rather than more: beyond that, smaller tiles hide nothing more.
    Where the SRAM asks for smaller ones, never into more than ``MOST_COMMANDS``.
    """
    granule, whole = chip.mac_array_law.output_granule, target_bytes == chip.sram.weight_tile_bytes
    return {name: _rows_of_a_tile(granule, target_bytes, whole, use) for name, use in uses.items()}


def _rows_of_a_tile(granule: int, target_bytes: int, whole: bool, use: WeightUse) -> int:
    if use.rows_per_use == 1:
        return 1
    steps = max(ceil_div(use.rows, granule * MOST_COMMANDS), target_bytes // (granule * use.row_bytes))
    if whole:
        steps = max(steps, use.rows // (granule * MOST_TILES))
    return min(use.rows, steps * granule)
