"""`nnasim presets` also prints limits and the schema."""

import json

from nnasim.cli.presets import command
from nnasim.hardware.schema import preset_schema


def test_limits_say_what_the_chip_has(capsys) -> None:
    command("nvdla_small", limits=True)
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
