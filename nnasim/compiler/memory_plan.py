"""How the SRAM is divided: working set, weight buffers, resident weights; and how weights are cut into tiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nnasim.compiler import constraints
from nnasim.compiler.allocate import aligned
from nnasim.compiler.residency import choose_residents
from nnasim.compiler.weights import WeightUse
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.units import ceil_div

MOST_TILES = 128


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Regions of the SRAM in bytes: ``working_set``, resident weights, then ``buffers`` x ``buffer_bytes``.

    ``tile_rows``: rows of a tile, by weight tensor, if any weight streams: a resident weight is cut too, so that its
    reads share the SRAM's port fairly with the transfers of the others.
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


def plan_memory(config: NnaConfig, working_set: int, uses: dict[str, WeightUse]) -> MemoryPlan:
    """Divide the SRAM. PlacementError when the working set or the smallest weight tile does not fit.

    If every weight fits, no buffers are kept. Otherwise the buffers come first, since without them nothing streams,
    and what is left goes to the weights that save most traffic.
    """
    if not constraints.working_set_fits(config, working_set):
        constraints.refuse(
            constraints.working_set_fits, config.name, "sram.bytes", config.sram.bytes, needed=working_set
        )
    free = config.sram.bytes - working_set
    if config.sram.resident_weights is None and sum(use.bytes for use in uses.values()) <= free:
        return MemoryPlan(working_set, frozenset(uses), sum(use.bytes for use in uses.values()), 0, 0, {})
    if not uses:
        return MemoryPlan(working_set, frozenset(), 0, 0, 0, {})
    rows, buffers = _tiling(config, working_set, uses)
    size = max(aligned(rows[name] * use.row_bytes) for name, use in uses.items())
    resident = _residents(config, uses, free - buffers * size)
    return MemoryPlan(working_set, resident, sum(uses[name].bytes for name in resident), buffers, size, rows)


def _residents(config: NnaConfig, uses: dict[str, WeightUse], free: int) -> frozenset[str]:
    """The user's list, checked, or the best choice."""
    wanted = config.sram.resident_weights
    if wanted is None:
        return choose_residents(list(uses.values()), free)
    field = "sram.resident_weights"
    if unknown := sorted(set(wanted) - set(uses)):
        raise PlacementError(config.name, field, unknown[0], f"weights on the NNA are {', '.join(uses) or 'none'}")
    needed = sum(uses[name].bytes for name in set(wanted))
    if not constraints.residents_fit(free, needed):
        more = config.sram.bytes + needed - free
        constraints.refuse(constraints.residents_fit, config.name, field, list(wanted), sram_bytes=more)
    return frozenset(wanted)


def _tiling(config: NnaConfig, working_set: int, uses: dict[str, WeightUse]) -> tuple[dict[str, int], int]:
    """(rows of a tile by tensor, number of buffers): the configured ones, or the largest halves of them that fit."""
    free = config.sram.bytes - working_set
    smallest = _largest_tile(config, 1, uses.values())
    if not constraints.weight_tile_fits(free, smallest):
        tensor = max(uses.values(), key=lambda use: tile_rows(config, 1, use) * use.row_bytes).tensor
        constraints.refuse(
            constraints.weight_tile_fits, f"{config.name}: weight {tensor}", "tile bytes", smallest,
            sram_bytes=working_set + smallest,
        )  # fmt: skip
    target, buffers = config.sram.weight_tile_bytes, config.sram.weight_buffers
    while buffers * _largest_tile(config, target, uses.values()) > free:
        if _largest_tile(config, target, uses.values()) > smallest:
            target = ceil_div(target, 2)
        else:
            buffers -= 1
    return {name: tile_rows(config, target, use) for name, use in uses.items()}, buffers


def _largest_tile(config: NnaConfig, target: int, uses: Iterable[WeightUse]) -> int:
    return max(aligned(tile_rows(config, target, use) * use.row_bytes) for use in uses)


def tile_rows(config: NnaConfig, target_bytes: int, use: WeightUse) -> int:
    """Rows of a tile of about ``target_bytes``: whole steps of the array, at least one step, at most all rows.

    A large weight is cut into ``MOST_TILES`` tiles rather than more: beyond that, smaller tiles hide nothing more.
    """
    if use.rows_per_use == 1:
        return 1
    granule = config.mac_array.output_granule
    steps = max(1, target_bytes // (granule * use.row_bytes))
    if target_bytes == config.sram.weight_tile_bytes:
        steps = max(steps, use.rows // (granule * MOST_TILES))
    return min(use.rows, steps * granule)
