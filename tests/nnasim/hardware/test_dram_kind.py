"""`dram.kind: fixed | banked` chooses how the DRAM is modelled, wherever a chip is described; its memory stays."""

import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset, preset_rows
from nnasim.sweeps.job import changed

BANKED = ["dram.kind=banked"]


def test_an_override_a_file_and_a_change_choose_the_model_and_leave_the_memory(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\ndram:\n  kind: banked\n")
    chip = load_preset("edge256")
    chips = [load_preset("edge256", BANKED), load_preset(path), chip.with_({"dram.kind": "banked"})]
    chips.append(chip.with_({"dram": {"kind": "banked"}}))
    assert {(other.dram.kind, other.dram.model) for other in chips} == {("lpddr4", "banked")}
    assert len({other.digest() for other in chips}) == 1


def test_fixed_is_the_default_and_changes_nothing() -> None:
    assert load_preset("edge256", ["dram.kind=fixed"]) == load_preset("edge256")
    assert load_preset("edge256", [*BANKED, "dram.kind=fixed"]) == load_preset("edge256")


def test_memory_and_model_may_both_be_said() -> None:
    chip = load_preset("edge256", [*BANKED, "dram.kind=lpddr5"])
    assert (chip.dram.kind, chip.dram.model) == ("lpddr5", "banked")


def test_a_point_of_a_sweep_may_choose_it() -> None:
    base = load_preset("edge256").model_dump(mode="json")
    point = changed(base, "dram.kind", "banked")
    assert (point["dram"]["kind"], point["dram"]["model"]) == ("lpddr4", "banked")


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (["dram.kind=flash", *BANKED], r"dram\.kind = 'flash': a banked DRAM is one of lpddr4, lpddr5, ddr4"),
        (["dram.kind=bankd"], r"dram\.kind = 'bankd': must be ddr3, .*flash, or how it is modelled: fixed, banked"),
        ([*BANKED, "dram.read_latency_ns=20"], r"dram\.read_latency_ns = 20: must be at least 35\.5"),
        ([*BANKED, "dram.efficiency=0.7"], r"dram\.efficiency = 0\.7: changes nothing on this chip: a banked DRAM"),
        ([*BANKED, "dram.parameters.twr_ns=9"], r"dram\.parameters\.twr_ns = 9.*nothing writes"),
        ([*BANKED, "dram.parameters.channel_bytes=64"], r"channel_bytes = 64.*there is one channel"),
        ([*BANKED, "dram.parameters.group_rotation=0"], r"group_rotation = 0.*there is one bank group"),
        ([*BANKED, "dram.parameters.banks=0"], r"dram\.parameters\.banks = 0.*must be"),
        ([*BANKED, "dram.parameters.bank_groups=3"], r"dram\.parameters\.banks.*multiple of bank_groups, 3"),
        ([*BANKED, "dram.parameters.trfc_ns=4000"], r"dram\.parameters\.trfc_ns = 4000.*less than trefi_ns"),
        ([*BANKED, "dram.bytes_per_second=30e9", "dram.parameters.channels=2"], r"channels = 2.*must be at least 4"),
        ([*BANKED, "dram.parameters.tras=4"], r"parameters\.tras = 4.*unknown key, did you mean tras_ns"),
        (["dram.parameters.tras_ns=4"], r"parameters\.tras_ns = 4.*unknown key"),
    ],
)
def test_what_no_banked_dram_is_told_in_a_line(overrides: list[str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load_preset("edge256", overrides)


def test_every_number_of_it_is_listed_with_unit_and_source() -> None:
    overrides = [*BANKED, "dram.parameters.trfc_ns=180"]
    rows = {row.field: row for row in preset_rows("edge256", load_preset("edge256", overrides))}
    own = [row for field, row in rows.items() if field.startswith("dram.parameters.")]
    assert len(own) > 15
    assert rows["dram.parameters.trcd_ns"].unit == "ns"
    assert rows["dram.parameters.trfc_ns"].source == rows["dram.model"].source == "override"
    assert all(row.source.startswith(("source:", "override")) for row in own)
