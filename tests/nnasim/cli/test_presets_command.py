"""`nnasim presets` also prints limits and the schema."""

import json

import pytest

from nnasim.cli.presets import command
from nnasim.errors import ConfigError
from nnasim.hardware import preset_names
from nnasim.hardware.schema import preset_schema


def test_limits_say_what_the_chip_has(capsys) -> None:
    command("nvdla_small", limits=True, whole=True)
    printed = capsys.readouterr().out
    assert "sram.bytes" in printed
    assert "131072 bytes" in printed
    assert "{" not in printed


def test_the_schema_is_json_and_knows_every_section(capsys) -> None:
    command(schema=True)
    schema = json.loads(capsys.readouterr().out)
    assert schema == json.loads(json.dumps(preset_schema()))
    assert {"extends", "mac_array", "sram", "dram", "host", "numerics"} <= set(schema["properties"])
    assert "required" not in schema
    assert schema["additionalProperties"] is False


def test_the_list_says_of_each_chip_what_it_was_held_to(capsys) -> None:
    command(whole=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == preset_names()
    assert all(line.strip().startswith("validated: ") for line in lines[1::2])


def test_limits_of_all_chips_say_what_each_leaves_to_the_host_and_its_largest_product(capsys) -> None:
    command(limits=True, whole=True)
    printed = capsys.readouterr().out
    assert printed.count("largest product: ") == printed.count("left to the host: ") == len(preset_names())
    assert "left to the host: quantise, add, mul, sigmoid" in printed  # nvdla_small


def test_a_difference_has_a_line_for_each_field_and_its_unit(capsys) -> None:
    command(diff=("edge256", "edge512"), whole=True)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["edge256", "edge512", "unit"]
    assert ["host.handoff_us", "50.0", "35.0", "us"] in [row.split() for row in rows]
    assert not [row for row in rows if row.startswith(("name", "description", "validated"))]
    command(diff=("edge256", "edge256"))
    assert "no field that counts differs" in capsys.readouterr().out


@pytest.mark.parametrize("given", [{"name": "edge256"}, {"limits": True}])
def test_what_a_difference_does_not_use_is_refused(given) -> None:
    with pytest.raises(ConfigError, match="is not used with --diff"):
        command(diff=("edge256", "edge512"), **given)


def test_a_difference_with_an_unknown_chip_names_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match=r"preset = 'edge999'.*known are edge256"):
        command(diff=("edge256", "edge999"))
