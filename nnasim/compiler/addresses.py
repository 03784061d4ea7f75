"""The address map of the SRAM, which is needed to move the real integers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from nnasim.compiler.allocate import aligned
from nnasim.compiler.compile import CompiledTrace
from nnasim.compiler.working_set import lasting_tensors
from nnasim.ir.order import views_of
from nnasim.ir.trace import OpGraph


@dataclass(frozen=True, slots=True)
class Region:
    """A range of SRAM bytes."""

    name: str
    address: int
    bytes: int

    @property
    def end(self) -> int:
        """First byte behind the region."""
        return self.address + self.bytes


@dataclass(frozen=True)
class AddressMap:
    """``lasting``: tables, states, outputs, resident weights; ``buffers``: for streamed tiles; ``arenas``: by graph.

    Activations of different graphs share bytes, since only one graph runs at a time; a view has its tensor's.
    """

    lasting: dict[str, Region]
    buffers: tuple[Region, ...]
    arenas: dict[str, dict[str, Region]]

    @property
    def end(self) -> int:
        """First byte that nothing uses."""
        regions = [
            *self.lasting.values(),
            *self.buffers,
            *(r for arena in self.arenas.values() for r in arena.values()),
        ]
        return max((region.end for region in regions), default=0)

    def check(self, sram_bytes: int) -> None:
        """Raise ValueError if two regions that live together overlap, or one lies outside the SRAM."""
        for graph, arena in self.arenas.items():
            fixed = sorted((*self.lasting.values(), *self.buffers), key=lambda region: region.address)
            for region, other in pairwise(fixed):
                if region.end > other.address:
                    raise ValueError(f"{region.name} and {other.name} overlap at {other.address}")
            if fixed and arena and fixed[-1].end > min(region.address for region in arena.values()):
                raise ValueError(f"graph {graph}: activations begin inside {fixed[-1].name}")
            if max((region.end for region in (*fixed, *arena.values())), default=0) > sram_bytes:
                raise ValueError(f"graph {graph}: the map ends beyond the SRAM's {sram_bytes} bytes")


def address_map(compiled: CompiledTrace) -> AddressMap:
    """The map of a compiled trace, checked."""
    trace, memory = compiled.trace, compiled.memory
    sizes = {name: trace.tensors[name].bytes for name in lasting_tensors(trace, compiled.units)}
    sizes |= {name: use.bytes for name, use in compiled.uses.items() if name in memory.resident}
    lasting, end = _stack(sizes, 0)
    buffers, end = _stack({f"buffer {index}": memory.buffer_bytes for index in range(memory.buffers)}, end)
    arenas = {
        name: {
            place.life.name: Region(place.life.name, end + place.address, place.life.bytes)
            for place in compiled.activations(name)
        }
        for name in trace.graphs
    }
    addresses = AddressMap(lasting, tuple(buffers.values()), arenas)
    addresses.check(compiled.chip.sram.bytes)
    for name, graph in trace.graphs.items():
        arenas[name] |= _views(graph, lasting, arenas[name])
    return addresses


def _views(graph: OpGraph, lasting: dict[str, Region], arena: dict[str, Region]) -> dict[str, Region]:
    """The region of each view whose tensor stands in SRAM: that tensor's."""
    regions = {view: lasting.get(tensor) or arena.get(tensor) for view, tensor in views_of(graph.ops).items()}
    return {view: region for view, region in regions.items() if region is not None}


def _stack(sizes: dict[str, int], address: int) -> tuple[dict[str, Region], int]:
    """Regions one behind the other from ``address`` on, and where they end."""
    placed: dict[str, Region] = {}
    for name, size in sizes.items():
        placed[name] = Region(name, address, size)
        address += aligned(size)
    return placed, address
