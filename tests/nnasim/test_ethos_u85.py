"""The chip after Ethos-U85 beside what Arm's own compiler estimates of it."""

import pytest

from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from workloads.importers.topology import ProductLayer
from workloads.importers.topology_trace import GRAPH, topology_trace
from workloads.stepgraph.decoding.calls import periodic

# Total cycles by Vela 5.2.0: ethos-u85-1024, Ethos_U85_SYS_DRAM_Mid, Dedicated_Sram_384KB, int8, one layer.
VELA = {(1, 4096, 1024): 400_054, (8, 4096, 1024): 400_054, (1, 4001, 512): 201_066}
LARGER = {(64, 4096, 1024): 877_274, (100, 2560, 640): 781_249}


def cycles(rows: int, channels: int, depth: int) -> int:
    """Cycles of the transfers and products of one layer, without its hand-offs."""
    chip = load_preset("ethos_u85", ["host.handoff_us=0"])
    layer = ProductLayer("g", rows=rows, channels=channels, depth=depth)
    result = simulate(topology_trace([layer], periodic([GRAPH], 100, 0.1), chip.numerics, "g.csv"), chip)
    return result.extra.busy_cycles


@pytest.mark.parametrize("shape", sorted(VELA))
def test_products_that_their_weights_bound_take_what_vela_says(shape: tuple[int, int, int]) -> None:
    assert cycles(*shape) == pytest.approx(VELA[shape], rel=0.03)


def test_the_preset_says_how_far_that_goes() -> None:
    errors = [round(100 * (1 - cycles(*shape) / LARGER[shape])) for shape in sorted(LARGER)]
    assert "1 to 8 rows within 3 %" in load_preset("ethos_u85").validated
    assert f"{errors[0]} and {errors[1]} % too fast" in load_preset("ethos_u85").validated


def test_products_of_computed_operands_run_on_its_lanes() -> None:
    assert load_preset("ethos_u85").mac_array.flowing_macs_per_cycle is None
