"""What a chip was held to is said of it alone; two chips differ in what counts."""

from pathlib import Path

import pytest

from nnasim.hardware import load_preset, preset_names
from nnasim.hardware.difference import ABSENT, Difference, differences


def test_a_chip_made_of_another_claims_nothing_of_what_that_one_was_held_to(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\nclock_hz: 1.0e9\n")
    assert load_preset(path).validated == ""
    path.write_text("extends: edge256\nvalidated: on our board, 12 models, 4 % worst\n")
    mine = load_preset(path)
    assert mine.validated.startswith("on our board")
    assert mine.digest() == load_preset("edge256").digest()
    assert differences(mine, load_preset("edge256")) == []


def test_a_chip_that_says_nothing_of_it_is_written_as_before() -> None:
    chip = load_preset("edge256").with_({"validated": ""})
    assert "validated" not in chip.model_dump(mode="json")


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_says_in_a_line_what_it_was_held_to(name: str) -> None:
    line = load_preset(name).validated
    assert 20 < len(line) < 300
    assert "held to" in line or "validated" in line or "%" in line


def test_only_fields_that_differ_are_told_with_both_values_and_the_unit() -> None:
    chip = load_preset("edge256")
    other = chip.with_({"host.handoff_us": 5, "dram.kind": "banked"})
    assert differences(chip, other) == [
        Difference("host.handoff_us", 50.0, 5.0, "us"),
        Difference("dram.model", ABSENT, "banked", ""),
    ]
    assert differences(chip, chip) == []
