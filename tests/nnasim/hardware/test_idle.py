"""A field that decides nothing on a chip is refused where it is set, and accepted where it decides something."""

import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset

UNSET = "mac_array.decoded_weights_per_cycle=null"
WRITES = "sequencer.register_writes_per_product=4"
LOAD = "host.other_load_per_second=100"


@pytest.mark.parametrize(
    ("preset", "override", "why", "beside"),
    [
        ("edge256", "mac_array.dataflow=os", "only a systolic array has a dataflow", ["mac_array.kind=systolic"]),
        ("edge256", "mac_array.rows=32", "a vector array has no rows", ["mac_array.kind=dot_product"]),
        ("edge256", "mac_array.cols=32", "a vector array has no rows", ["mac_array.kind=systolic"]),
        ("systolic", "mac_array.decoded_weights_per_cycle=8", "only a vector array has a weight decoder", None),
        ("edge256", "host.other_load_us=20", "give host.other_load_per_second too", [LOAD]),
        ("edge256", LOAD, "give host.other_load_us too", ["host.other_load_us=20"]),
        ("edge256", "host.other_load_seed=3", "no other work arrives", [LOAD, "host.other_load_us=20"]),
        ("edge256", "energy.dram_pj_per_byte.hbm2=[1,2,3]", "dram.kind is lpddr4", ["dram.kind=hbm2"]),
        ("edge256", "sequencer.register_groups=2", "takes no time between passes", ["sequencer.interrupt_cycles=9"]),
        ("edge256", "sequencer.register_write_cycles=2", "give .*_per_pass or", [WRITES]),
        ("edge256", WRITES, "takes no time, give .*write_cycles too", ["sequencer.register_write_cycles=2"]),
        ("edge256", "numerics.pwl_segments=8", "activation is lut8, with which it has no", ["numerics.activation=pwl"]),
        ("edge256", "numerics.pwl_fit=fitted", "activation is lut8, with which it has no", ["numerics.activation=pwl"]),
        ("edge512", "numerics.activation_range=4", "activation is lut16, with which", ["numerics.activation=lut8"]),
        ("edge512", "numerics.cell_range=4", "cell_bits is 16, with which", ["numerics.cell_bits=8"]),
        (
            "nvdla_small",
            "activation_unit.tanh_cycles_per_element=3",
            "activation is none",
            ["numerics.activation=lut8"],
        ),
    ],
)
def test_a_field_that_changes_nothing_is_refused_with_why(
    preset: str, override: str, why: str, beside: list[str] | None
) -> None:
    with pytest.raises(ConfigError, match=rf"override: {override.split('=')[0]} = .*changes nothing.*{why}"):
        load_preset(preset, [override])
    if beside is not None:
        load_preset(preset, [*beside, override])


def test_what_asks_for_nothing_is_no_error() -> None:
    load_preset("edge256", ["mac_array.kind=systolic", UNSET])
    load_preset("edge256", ["mac_array.dataflow=ws", "host.other_load_us=0", "mac_array.rows=null"])


def test_a_file_that_sets_a_field_without_effect_is_named(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\nmac_array: {dataflow: os}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: mac_array\.dataflow = 'os': changes nothing"):
        load_preset(path)
    assert load_preset(path, ["mac_array.kind=systolic"]).mac_array.dataflow == "os"
