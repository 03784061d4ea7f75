"""The simulated SRAM: one array of bytes, and the tensors in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler.addresses import AddressMap, Region
from nnasim.functional.packing import Bytes, pack, unpack
from nnasim.ir.trace import OpTrace, TensorSpec

POISON = 0x5A  # what a buffer holds until its transfer ends, so that a read which comes too early is noticed


class Sram:
    """The SRAM's bytes."""

    def __init__(self, size: int) -> None:
        self.bytes: Bytes = np.full(size, POISON, np.uint8)

    def write(self, region: Region, data: Bytes, offset: int = 0) -> None:
        """Put ``data`` into ``region``, from byte ``offset`` on. Raises ValueError if it does not fit."""
        start = region.address + offset
        if start + data.size > region.end:
            raise ValueError(f"{region.name}: {data.size} bytes at {offset} do not fit {region.bytes}")
        self.bytes[start : start + data.size] = data

    def read(self, region: Region, size: int, offset: int = 0) -> Bytes:
        """``size`` bytes of ``region``, from byte ``offset`` on."""
        start = region.address + offset
        return self.bytes[start : start + size]

    def poison(self, region: Region) -> None:
        """Forget what ``region`` held."""
        self.bytes[region.address : region.end] = POISON


class _Place(NamedTuple):
    """The place of a tensor, and the meaning of its bytes."""

    region: Region
    bytes: int
    bits: int
    elements: int
    shape: tuple[int, ...]


class SramTensors(dict[str, NDArray[Any]]):
    """Tensors by name: those with an address live in SRAM, the host's and the array's in the dictionary itself.

    Weights are in the dictionary too: SRAM holds their rows with biases, which ``weights`` reads.
    """

    def __init__(self, trace: OpTrace, sram: Sram, addresses: AddressMap) -> None:
        super().__init__()
        self.sram = sram
        lasting = _places(trace, addresses.lasting)
        self._of_graph = {graph: lasting | _places(trace, arena) for graph, arena in addresses.arenas.items()}
        self._lasting = self._places = lasting

    def enter(self, graph: str) -> None:
        """Make ``graph`` the running graph, whose activations replace those of others."""
        self._places = self._of_graph.get(graph, self._lasting)

    def in_sram(self, name: str) -> bool:
        """Whether ``name`` is in SRAM while the graph runs."""
        return name in self._places

    def __getitem__(self, name: str) -> NDArray[Any]:
        place = self._places.get(name)
        if place is None:
            return super().__getitem__(name)
        return unpack(self.sram.read(place.region, place.bytes), place.bits, place.elements).reshape(place.shape)

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        place = self._places.get(name)
        if place is None:
            super().__setitem__(name, values)
        else:
            self.sram.write(place.region, pack(values, place.bits))


def _places(trace: OpTrace, regions: dict[str, Region]) -> dict[str, _Place]:
    tensors = {name: (trace.tensors[name], region) for name, region in regions.items()}
    return {name: _place(spec, region) for name, (spec, region) in tensors.items() if spec.role != "weight"}


def _place(spec: TensorSpec, region: Region) -> _Place:
    return _Place(region=region, bytes=spec.bytes, bits=spec.bits, elements=spec.elements, shape=spec.shape)
