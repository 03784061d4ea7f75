"""Small hand-made chips and programs for the tests of the machine."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.program import Command, ElementCommand, MatmulCommand, OpInfo, Program, Transfer

OP = OpInfo("encoder", "enc0.x", "matmul", "matmul", "enc0", "nna", "mac_array")


@pytest.fixture
def chip() -> Callable[..., NnaConfig]:
    """A maker of chips: edge256 with round numbers (1 GHz, 16 bytes a cycle from DRAM, no latency, no fixed costs)."""

    def make(**sections: dict[str, Any]) -> NnaConfig:
        values: dict[str, Any] = {
            "clock_hz": 1e9,
            "mac_array.macs_per_cycle": 16,
            "mac_array.decoded_weights_per_cycle": 16,
            "mac_array.fixed_cycles_per_pass": 0,
            "sram.bytes_per_cycle": 1024,
            "sram.ports": 2,
            "dram.bytes_per_second": 16e9,
            "dram.efficiency": 1,
            "dram.read_latency_ns": 0,
            "activation_unit.fixed_cycles_per_pass": 0,
        }
        for section, keys in sections.items():
            values |= {f"{section}.{key}": value for key, value in keys.items()}
        return load_preset("edge256", [f"{key}={value}" for key, value in values.items()])

    return make


@pytest.fixture
def make() -> SimpleNamespace:
    """Makers of commands and programs, all on behalf of one operation."""

    def tile(transfer: int | None, *, n: int = 4, k: int = 16, first: bool = False) -> MatmulCommand:
        return MatmulCommand(0, 1, n, k, 0, 8, 8, transfer, first, False, n * k)

    def element(elements: int, kind: str = "tanh") -> ElementCommand:
        return ElementCommand(0, kind, elements, None, 2 * elements)  # type: ignore[arg-type]

    def program(commands: list[Command], transfers: list[int], buffers: int = 2) -> Program:
        moved = tuple(Transfer(0, "w", 0, 1, size) for size in transfers)
        return Program("encoder", (OP,), tuple(commands), moved, buffers, (), ())

    return SimpleNamespace(tile=tile, element=element, program=program, op=OP)
