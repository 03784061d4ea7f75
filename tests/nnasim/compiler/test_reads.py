"""What is declared as read by the compiler is what it reads: a chip that watches says which values were touched."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from nnasim.compiler import AT_START, CompiledTrace
from nnasim.compiler.reads import READS, seen_by_compiler
from nnasim.compiler.schedule import trace_steps
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.hardware.mac_arrays.law import MacArrayLaw
from nnasim.ir.trace import OpTrace, System
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="small", input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1,
    embedding=8, prediction_units=16, prediction_layers=1, joint_units=16, outputs=8, layer_norm=True,
)  # fmt: skip
CHIPS = {
    **{name: load_preset(name) for name in preset_names()},
    "streaming": load_preset("edge256", ["sram.bytes=16384", "sram.weight_tile_bytes=512"]),
    "chunks": load_preset("edge256", ["compiler.chunk_frames=3"]),
    "listed": load_preset("edge256", ["sram.resident_weights=[]"]),
    "host decides": load_preset("edge256", ["sequencer.on_chip_decode=false"]),
}
NOT_IN_PROGRAMS = {"name", "clock_hz"}  # of a refusal; of the steps' times, which are kept for one clock


class Watched:
    """Stands in the place of ``part``, a chip or something of it, and notes the dotted names that are read."""

    def __init__(self, part: Any, touched: set[str], path: str = "") -> None:
        self._part, self._touched, self._path = part, touched, path

    def __getattr__(self, name: str) -> Any:
        value, path = getattr(self._part, name), f"{self._path}{name}"
        if isinstance(value, BaseModel | MacArrayLaw):
            return Watched(value, self._touched, f"{path}.")
        self._touched.add(path)
        return value


def traces(chip: NnaConfig) -> list[OpTrace]:
    variants = [build_trace(SHAPE, 4, 2, system=system, numerics=chip.numerics) for system in get_args(System)]
    return [*variants, variants[-1].model_copy(update={"op_placement": {"joint_out.mm": "cpu"}})]


def touched_by(chip: NnaConfig) -> set[str]:
    """What compiling every trace for ``chip``, and making every program of them, reads of it."""
    touched: set[str] = set()
    watched: Any = Watched(chip, touched)
    for trace in traces(chip):
        compiled = CompiledTrace(trace, watched)
        trace_steps(compiled)
        compiled.boot()
    return touched - NOT_IN_PROGRAMS


def covered(path: str) -> bool:
    return any(path == read or path.startswith(f"{read}.") for read in READS)


@pytest.mark.parametrize("name", CHIPS)
def test_the_compiler_reads_nothing_that_is_not_declared(name: str) -> None:
    assert {path for path in touched_by(CHIPS[name]) if not covered(path)} == set()


def test_nothing_is_declared_that_no_chip_makes_the_compiler_read() -> None:
    touched = set.union(*(touched_by(chip) for chip in CHIPS.values()))
    assert [read for read in READS if not any(f"{path}.".startswith(f"{read}.") for path in touched)] == []


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"dram.bytes_per_second": 1e9, "host.handoff_us": 3, "clock_hz": 1e9}, True),
        ({"mac_array.fixed_cycles_per_pass": 7, "sequencer.cycles_per_command": 3, "sram.ports": 2}, True),
        ({"activation_unit.tanh_cycles_per_element": 9, "dma.outstanding_bursts": 1}, True),
        ({"mac_array.kind": "systolic", "mac_array.decoded_weights_per_cycle": None}, False),
        ({"sram.bytes": 16384}, False),
        ({"numerics.cell_bits": 16}, False),
    ],
)
def test_chips_share_programs_where_the_compiler_sees_no_difference(changes: dict[str, Any], same: bool) -> None:
    chip = load_preset("edge256")
    other = chip.with_(changes)
    assert (seen_by_compiler(other) == seen_by_compiler(chip)) == same
    compiled = CompiledTrace(traces(chip)[0], chip)
    if same:
        assert compiled.on(other).chip is other
    else:
        with pytest.raises(AssertionError, match="compiler reads what they differ in"):
            compiled.on(other)


def test_of_a_cache_programs_depend_on_whether_it_holds_the_cpus_weights() -> None:
    chip = load_preset("edge256", ["host.cache_bytes=1048576"])
    compiled = CompiledTrace(build_trace(SHAPE, 2, 1, system="cpu_int8", numerics=chip.numerics), chip)
    assert 0 < compiled.cpu_weight_bytes < 2**20
    larger, smaller = chip.with_({"host.cache_bytes": 2**21}), chip.with_({"host.cache_bytes": 16})
    assert compiled.serves(larger)
    assert not compiled.serves(smaller)
    assert CompiledTrace(compiled.given, larger).program("joint", AT_START) == compiled.program("joint", AT_START)
