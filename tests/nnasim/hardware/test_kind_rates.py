"""Every kind of operation has a rate on every chip: its own, or of a chip that names none, that of its nearest kind."""

import json
from pathlib import Path

import pytest

from nnasim.hardware import load_preset, preset_names, preset_rows
from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.hardware.units import NEAREST, ActivationUnitConfig, HostConfig

ON_CHIP = [kind for kind in NEAREST if kind != "host"]
VERSION_0_1 = Path(__file__).parents[2] / "version_0_1" / "result.json"


@pytest.mark.parametrize("preset", preset_names())
def test_no_kind_is_free_on_any_preset(preset: str) -> None:
    chip = load_preset(preset)
    assert all(chip.host.ns_per_element(kind) > 0 for kind in NEAREST)
    if chip.activation_unit is not None:
        assert all(chip.activation_unit.cycles_per_element(kind) > 0 for kind in ON_CHIP)


@pytest.mark.parametrize(("kind", "nearest"), NEAREST.items())
def test_a_chip_that_names_no_rate_has_that_of_the_nearest_kind(kind: str, nearest: str) -> None:
    host = load_preset("edge256").host.model_dump() | {f"{kind}_ns_per_element": None, f"{nearest}_ns_per_element": 77}
    assert HostConfig(**host).ns_per_element(kind) == 77
    if kind != "host":
        unit = {f"{nearest}_cycles_per_element": 7}
        assert ActivationUnitConfig(**unit).cycles_per_element(kind) == 7
        assert ActivationUnitConfig(**unit, **{f"{kind}_cycles_per_element": 3}).cycles_per_element(kind) == 3


def test_a_users_slower_cpu_is_slower_in_the_kinds_that_its_file_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\nhost: {sigmoid_ns_per_element: 400, layer_norm_ns_per_element: 300}\n")
    host = load_preset(path).host
    assert [host.ns_per_element(kind) for kind in ("table", "softmax", "host")] == [400, 300, 300]


def test_what_a_chip_of_version_0_1_says_of_its_units_reads_and_is_written_as_it_was() -> None:
    chip = json.loads(VERSION_0_1.read_text())["hardware"]
    for section, model in (("activation_unit", ActivationUnitConfig), ("mac_array", MacArrayConfig)):
        assert model.model_validate(chip[section]).model_dump(mode="json") == chip[section]
    host = HostConfig.model_validate(chip["host"])
    assert {name for name in HostConfig.UNSAID if name in host.model_dump()} == set()
    assert host.product_seconds("conv", 10**6, 8) == host.product_seconds("matmul", 10**6, 8)


def test_a_listing_shows_a_rate_that_is_taken_over_with_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\nhost: {sigmoid_ns_per_element: 400}  # measured: on the bench\n")
    rows = {row.field: row for row in preset_rows(path, load_preset(path))}
    assert (rows["host.table_ns_per_element"].value, rows["host.table_ns_per_element"].unit) == (400, "ns/element")
    assert rows["host.table_ns_per_element"].source == "assumed: as sigmoid, whatever the function"
    assert rows["activation_unit.softmax_cycles_per_element"].source.startswith("measured: with Vela")
    changed = ["host.table_ns_per_element=5", "activation_unit.mean_cycles_per_element=null"]
    rows = {row.field: row for row in preset_rows(path, load_preset(path, changed))}
    assert (rows["host.table_ns_per_element"].value, rows["host.table_ns_per_element"].source) == (5, "override")
    mean = rows["activation_unit.mean_cycles_per_element"]
    assert (mean.value, mean.source) == (1.0, "override")


def test_a_listing_of_a_chip_that_names_no_rate_says_as_what_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    whole = load_preset("edge256").model_dump(mode="json")
    for section, fields in (("activation_unit", ActivationUnitConfig.UNSAID), ("host", HostConfig.UNSAID)):
        whole[section] = {name: value for name, value in whole[section].items() if name not in fields}
    path.write_text(json.dumps(whole))
    rows = {row.field: row for row in preset_rows(path, load_preset(path))}
    assert rows["activation_unit.softmax_cycles_per_element"].value == 4.0
    assert rows["activation_unit.softmax_cycles_per_element"].source == "default: as layer_norm"
    assert rows["host.copy_ns_per_element"].source == "default: as concat"


@pytest.mark.parametrize("section", ["activation_unit", "host"])
def test_a_negative_rate_is_refused(section: str) -> None:
    suffix = "cycles_per_element" if section == "activation_unit" else "ns_per_element"
    with pytest.raises(Exception, match=f"{section}.softmax_{suffix} = -1: must be a number of at least 0"):
        load_preset("edge256", [f"{section}.softmax_{suffix}=-1"])


def test_convolutions_and_computed_operands_reach_a_part_of_the_cpus_rate() -> None:
    host = load_preset("edge256").host.with_({"conv_ratio": 0.25, "bmm_ratio": 0.5})
    assert host.product_seconds("matmul", 4_000_000, 32) == 1e-3
    assert host.product_seconds("conv", 4_000_000, 32) == 4e-3
    assert host.product_seconds("bmm", 4_000_000, 8) == 0.5e-3
