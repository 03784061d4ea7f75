"""A family of MAC array that a package adds works like one of ours, from a preset's file to the bound."""

from pathlib import Path

import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.hardware.mac_arrays.law import MatmulTile
from nnasim.pipeline import simulate
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    input_features=32, frame_ms=2, encoder_units=64, encoder_before=1, reduction=2, encoder_after=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip
PRESET = """
extends: edge256
mac_array:
  kind: outer_product
  macs_per_cycle: null
  decoded_weights_per_cycle: null
  rows: 8
  cols: 32
  parameters: {drain_cycles_per_row: 2}
"""
pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def chip(tmp_path: Path) -> NnaConfig:
    (tmp_path / "outer.yaml").write_text(PRESET)
    return load_preset(tmp_path / "outer.yaml")


def test_its_law_says_how_long_a_tile_takes_and_what_it_computes_at_once(chip: NnaConfig) -> None:
    law = chip.mac_array_law
    assert law.output_granule == 32
    assert law.cycles(MatmulTile(m=1, n=64, k=100, first=False)) == 2 * (100 + 2 * 8)


def test_a_law_that_knows_products_only_takes_a_convolutions_groups_one_after_another(chip: NnaConfig) -> None:
    law = chip.mac_array_law
    depthwise = MatmulTile(m=8, n=6, k=9, taps=9, groups=6, first=False)
    assert law.tile_cycles(depthwise) == 6 * law.cycles(MatmulTile(m=8, n=1, k=9, first=False)) == 6 * (9 + 2 * 8)


def test_it_is_simulated_in_whole_steps_and_never_below_the_bound(chip: NnaConfig) -> None:
    trace = build_trace(SHAPE, 4, 2, numerics=chip.numerics)
    result = simulate(trace, chip.with_({"sram.bytes": 32768, "sram.weight_tile_bytes": 1024}))
    assert result.bound_cycles <= result.totals.cycles
    assert result.not_modelled.count("outer-product array: draining one block behind the next one's work") == 1
    slower = simulate(trace, chip.with_({"mac_array.parameters.drain_cycles_per_row": 50}))
    assert slower.totals.nna_cycles > result.totals.nna_cycles


def test_its_result_says_which_chip_it_was(chip: NnaConfig) -> None:
    result = simulate(build_trace(SHAPE, 2, 1, numerics=chip.numerics), chip)
    assert NnaConfig.model_validate(result.hardware) == chip
    assert chip.digest() != chip.with_({"mac_array.parameters": {"drain_cycles_per_row": 3}}).digest()


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("mac_array.kind=outer", "kind = 'outer': must be 'vector', 'dot_product', 'systolic' or 'outer_product'"),
        ("mac_array.parameters.drain=1", "parameters.drain = 1: unknown key.*allowed are drain_cycles_per_row"),
        ("mac_array.parameters.drain_cycles_per_row=-1", "drain_cycles_per_row = -1: must be a whole number of at"),
        ("mac_array.dataflow=os", "dataflow = 'os': changes nothing on this chip: mac_array.kind is outer_product"),
    ],
)
def test_what_it_does_not_take_is_refused_in_a_line(tmp_path: Path, override: str, why: str) -> None:
    (tmp_path / "outer.yaml").write_text(PRESET)
    with pytest.raises(ConfigError, match=why):
        load_preset(tmp_path / "outer.yaml", [override])


def test_a_family_of_ours_has_no_parameters() -> None:
    with pytest.raises(ConfigError, match=r"mac_array\.parameters\.drain = 1: unknown key; allowed are none here"):
        load_preset("edge256", ["mac_array.parameters.drain=1"])
