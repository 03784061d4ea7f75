"""What a convolution and a product of two computed operands cost on each family of MAC array."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnasim.hardware import load_preset, preset_names
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.mac_arrays.law import MacArrayLaw, MatmulTile, mac_array_law, tile_of
from nnasim.ir.program import MatmulCommand

FAMILIES = {
    "vector": MacArrayConfig(macs_per_cycle=256, decoded_weights_per_cycle=8, flowing_macs_per_cycle=1.5),
    "dot_product": MacArrayConfig(kind="dot_product", rows=8, cols=8),
    **{flow: MacArrayConfig(kind="systolic", rows=16, cols=16, dataflow=flow) for flow in ("ws", "os", "is")},
}
few = st.integers(1, 40)


def conv(positions: int, channels: int, kernels: int, taps: int, groups: int = 1, **more: object) -> MatmulTile:
    """``channels``, ``kernels``: of all groups together."""
    return MatmulTile(positions, kernels, channels // groups * taps, taps=taps, groups=groups, **more)  # type: ignore[arg-type]


def batch(products: int, m: int, k: int, n: int) -> MatmulTile:
    return MatmulTile(m, products * n, k, groups=products, flowing=True)


@pytest.fixture(params=list(FAMILIES))
def law(request: pytest.FixtureRequest) -> MacArrayLaw:
    return mac_array_law(FAMILIES[request.param])


# --- all families


@given(m=few, channels=few, kernels=few, taps=few, groups=few, flowing=st.booleans(), bits=st.sampled_from([8, 16]))
def test_no_family_computes_faster_than_its_macs_or_below_its_bound(
    m: int, channels: int, kernels: int, taps: int, groups: int, flowing: bool, bits: int
) -> None:
    tile = conv(m, channels * groups, kernels * groups, taps, groups, flowing=flowing, input_bits=bits)
    assert tile.macs == m * channels * kernels * groups * taps
    for config in FAMILIES.values():
        law = mac_array_law(config)
        assert law.tile_cycles(tile) >= law.bound_cycles(tile) >= tile.macs / config.macs


@given(m=few, channels=few, kernels=few)
def test_a_convolution_of_one_tap_and_group_is_the_product_that_it_is(m: int, channels: int, kernels: int) -> None:
    for config in FAMILIES.values():
        law = mac_array_law(config)
        assert law.tile_cycles(conv(m, channels, kernels, 1)) == law.cycles(MatmulTile(m, kernels, channels))


def test_a_depthwise_convolution_costs_far_more_a_mac_than_a_dense_one(law: MacArrayLaw) -> None:
    dense, depthwise = conv(900, 64, 64, 9), conv(900, 64, 64, 9, groups=64)
    share = (law.tile_cycles(dense) / dense.macs) / (law.tile_cycles(depthwise) / depthwise.macs)
    assert share < 1 / 7


@pytest.mark.parametrize("family", list(FAMILIES))
def test_what_a_pass_pays_once_is_paid_once_by_depthwise_groups(family: str) -> None:
    free, paying = (mac_array_law(FAMILIES[family].with_({"fixed_cycles_per_pass": fixed})) for fixed in (0, 100))
    tile = conv(10, 64, 64, 3, groups=64)
    assert paying.tile_cycles(tile) == free.tile_cycles(tile) + 100
    assert paying.tile_cycles(tile._replace(first=False)) == free.tile_cycles(tile)


def test_a_command_reaches_the_law_with_taps_groups_and_what_flows() -> None:
    command = MatmulCommand(
        op=0, m=5, n=8, k=27, row=0, weight_bits=8, input_bits=8, transfer=3, first=True, last=False, sram_bytes=0
    )  # fmt: skip
    assert tile_of(command) == MatmulTile(5, 8, 27, last=False, resident=False)
    grouped = tile_of(command._replace(taps=9, groups=4, flowing=True, transfer=None))
    assert grouped == MatmulTile(5, 8, 27, last=False, taps=9, groups=4, flowing=True)
    assert (grouped.channels, grouped.group) == (3, grouped._replace(n=2, groups=1))


# --- vector array


@pytest.fixture
def vector() -> MacArrayLaw:
    return mac_array_law(FAMILIES["vector"])


def test_a_step_of_the_vector_array_takes_32_channels_or_8_channels_of_4_taps(vector: MacArrayLaw) -> None:
    assert vector.cycles(conv(900, 64, 64, 9)) == 900 * 64 * 9 * 64 // 256  # full
    assert vector.cycles(conv(900, 8, 64, 9)) == 900 * 64 * 12 * 8 // 256  # 9 taps in 3 steps of 4
    assert vector.cycles(conv(900, 1, 64, 9)) == vector.cycles(conv(900, 8, 64, 9))  # 7 of 8 channels idle
    assert vector.cycles(conv(900, 40, 64, 9)) == 900 * 64 * 12 * 40 // 256  # not 9 x 64


def test_a_depthwise_convolution_has_work_for_an_eighth_of_the_vector_array(vector: MacArrayLaw) -> None:
    tile = conv(900, 64, 64, 8, groups=64)
    assert vector.tile_cycles(tile) == 8 * tile.macs // 256


def test_outputs_that_take_few_macs_are_bound_by_the_output_stage(vector: MacArrayLaw) -> None:
    assert vector.tile_cycles(conv(1000, 64, 64, 3, groups=64)) == 1000 * 64 // 4


def test_few_positions_are_bound_by_the_decoder_which_delivers_the_idle_lanes_too(vector: MacArrayLaw) -> None:
    assert vector.tile_cycles(conv(1, 512, 512, 3, groups=512)) == 512 * 4 * 8 // 8
    assert vector.cycles(conv(1, 64, 128, 3)) == 128 * 3 * 64 // 8


def test_other_groups_are_a_pass_each_of_whole_output_steps(vector: MacArrayLaw) -> None:
    paying = mac_array_law(load_preset("edge256").mac_array)
    assert paying.tile_cycles(conv(900, 64, 64, 9, groups=8)) == 8 * (390 + 900 * 8 * 12 * 8 // 256)
    assert vector.tile_cycles(conv(900, 64, 32, 9, groups=8)) == vector.tile_cycles(conv(900, 64, 64, 9, groups=8))


def test_two_computed_operands_go_through_the_element_wise_engine(vector: MacArrayLaw) -> None:
    assert vector.tile_cycles(batch(4, 16, 64, 24)) == 4 * 16 * 64 * 24 / 1.5
    assert vector.tile_cycles(batch(1, 16, 64, 24)) == 16 * 64 * 24 / 1.5
    native = mac_array_law(MacArrayConfig(macs_per_cycle=256, decoded_weights_per_cycle=8))
    assert native.tile_cycles(batch(1, 16, 64, 32)) == 16 * 64 * 32 / 256  # and nothing to decode
    assert native.bound_cycles(batch(1, 1, 64, 32)) == 64 * 32 / 256


@pytest.mark.parametrize("preset", ["edge256", "edge512", "mcu128"])
def test_presets_after_ethos_u_do_not_take_a_product_of_computed_operands_for_a_matmul(preset: str) -> None:
    law = load_preset(preset).mac_array_law
    assert law.tile_cycles(batch(1, 64, 64, 64)) > 50 * law.bound_cycles(batch(1, 64, 64, 64))


# --- dot-product array


@pytest.fixture
def dots() -> MacArrayLaw:
    return mac_array_law(FAMILIES["dot_product"])


def test_the_dot_product_array_fills_its_channels_tap_by_tap(dots: MacArrayLaw) -> None:
    assert dots.cycles(conv(16, 8, 8, 9)) == 9 * 16
    assert dots.cycles(conv(16, 3, 8, 9)) == 9 * 16  # 5 of 8 channels idle
    assert dots.cycles(conv(1, 8, 8, 9)) == 9 * 8  # shifting the weights in


def test_a_depthwise_convolution_has_work_for_one_channel_of_the_dot_product_array(dots: MacArrayLaw) -> None:
    tile = conv(16, 64, 64, 9, groups=64)
    assert dots.tile_cycles(tile) == 8 * 9 * 16
    assert tile.macs / (dots.tile_cycles(tile) * 64) == 1 / 8


def test_groups_that_fill_the_kernels_stand_alone(dots: MacArrayLaw) -> None:
    assert dots.tile_cycles(conv(16, 32, 32, 9, groups=4)) == 4 * dots.cycles(conv(16, 8, 8, 9))
    assert dots.tile_cycles(conv(16, 20, 20, 9, groups=5)) == 3 * 9 * 16  # two groups of 4 channels and 4 kernels


def test_a_batch_of_products_on_the_dot_product_array_is_one_after_another(dots: MacArrayLaw) -> None:
    assert dots.tile_cycles(batch(4, 16, 64, 24)) == 4 * dots.cycles(MatmulTile(16, 24, 64))


# --- systolic array


def test_a_convolution_on_the_systolic_array_is_scale_sims_product() -> None:
    law = mac_array_law(FAMILIES["ws"])
    assert law.cycles(conv(900, 64, 64, 9)) == (9 * 64 // 16) * (64 // 16) * (2 * 16 + 16 + 900 - 2)


def test_a_depthwise_convolution_on_the_systolic_array_is_a_column_at_a_time() -> None:
    law = mac_array_law(FAMILIES["ws"])
    assert law.tile_cycles(conv(900, 64, 64, 9, groups=64)) == 64 * (2 * 16 + 16 + 900 - 2)


def test_a_batch_of_products_on_the_systolic_array_is_one_after_another() -> None:
    for flow in ("ws", "os", "is"):
        law = mac_array_law(FAMILIES[flow])
        assert law.tile_cycles(batch(4, 16, 64, 24)) == 4 * law.cycles(MatmulTile(16, 24, 64))


# --- a family that knows products only


class Plain(MacArrayLaw):
    output_granule = 1

    def cycles(self, tile: MatmulTile) -> int:
        return (10 if tile.first else 0) + tile.m * tile.n * tile.k


def test_a_family_that_knows_products_only_takes_groups_one_after_another() -> None:
    law = Plain(MacArrayConfig(macs_per_cycle=1))
    assert law.tile_cycles(conv(5, 12, 12, 3, groups=4)) == 10 + 4 * (5 * 3 * 3 * 3)
    assert law.tile_cycles(conv(5, 12, 12, 3, groups=4, first=False)) == 4 * (5 * 3 * 3 * 3)


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_computes_every_kind_of_product(preset: str) -> None:
    law = load_preset(preset).mac_array_law
    for tile in (conv(10, 32, 32, 3), conv(10, 32, 32, 3, groups=32), conv(10, 32, 32, 3, groups=4), batch(2, 8, 8, 8)):
        assert law.tile_cycles(tile) >= law.bound_cycles(tile) > 0
