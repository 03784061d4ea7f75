"""Tensors that stand in SRAM bytes, at the addresses of the compiler's map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler.addresses import AddressMap, Region
from nnasim.functional.packing import Bytes, pack, unpack
from nnasim.ir.trace import OpTrace

POISON = 0x5A  # what a buffer holds while its transfer is under way: read too early, it shows


class Sram:
    """The SRAM's bytes."""

    def __init__(self, size: int) -> None:
        self.bytes: Bytes = np.full(size, POISON, np.uint8)

    def write(self, region: Region, data: Bytes, offset: int = 0) -> None:
        """Put ``data`` into ``region``."""
        start = region.address + offset
        if start + data.size > region.end:
            raise ValueError(f"{region.name}: {data.size} bytes at {offset} do not fit {region.bytes}")
        self.bytes[start : start + data.size] = data

    def read(self, region: Region, size: int, offset: int = 0) -> Bytes:
        """``size`` bytes of ``region``."""
        start = region.address + offset
        return self.bytes[start : start + size]

    def poison(self, region: Region) -> None:
        """Forget what ``region`` held."""
        self.bytes[region.address : region.end] = POISON


class SramTensors(dict[str, NDArray[Any]]):
    """Tensors by name: those with an address live in SRAM, the host's and the array's in the dictionary itself."""

    def __init__(self, trace: OpTrace, sram: Sram, addresses: AddressMap) -> None:
        super().__init__()
        self.trace, self.sram, self.addresses = trace, sram, addresses
        self.graph = ""

    def region(self, name: str) -> Region | None:
        """Where ``name`` stands while ``graph`` runs."""
        return self.addresses.lasting.get(name) or self.addresses.arenas.get(self.graph, {}).get(name)

    def __getitem__(self, name: str) -> NDArray[Any]:
        region = self.region(name)
        if region is None:
            return super().__getitem__(name)
        spec = self.trace.tensors[name]
        return unpack(self.sram.read(region, spec.bytes), spec.bits, spec.elements).reshape(spec.shape)

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        region = self.region(name)
        if region is None:
            super().__setitem__(name, values)
        else:
            self.sram.write(region, pack(values, self.trace.tensors[name].bits))
