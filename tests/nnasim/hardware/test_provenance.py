"""No number without its source."""

import pytest

from nnasim.hardware import load_preset, preset_names, preset_rows
from nnasim.hardware.loader import preset_chain
from nnasim.hardware.provenance import sources_of
from nnasim.hardware.section import DESCRIPTIVE


@pytest.mark.parametrize("name", preset_names())
def test_every_number_of_a_preset_file_has_a_source_or_is_said_to_be_assumed(name: str) -> None:
    for layer in preset_chain(name):
        for field, (value, comment) in sources_of(layer).items():
            number = isinstance(value, int | float | list) and not isinstance(value, bool)
            assert not number or comment.startswith(("source:", "assumed:", "measured:")), f"{layer.path.name}: {field}"


def test_the_check_above_would_see_a_number_without_source(tmp_path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("extends: edge256\nclock_hz: 1e9\nhost:\n  handoff_us: 5  # assumed: near\n")
    sources = sources_of(preset_chain(path)[-1])
    assert sources["clock_hz"] == (1e9, "")
    assert sources["host.handoff_us"] == (5, "assumed: near")


@pytest.mark.parametrize("name", preset_names())
def test_every_number_that_the_timing_uses_is_given_by_the_preset(name: str) -> None:
    """A default would be a number without a source."""
    left_open = {"mac_array.rows", "mac_array.cols"}  # then derived from macs_per_cycle
    rows = preset_rows(name, load_preset(name))
    timing = [row for row in rows if not row.field.startswith(("numerics", *DESCRIPTIVE))]
    bare = [row.field for row in timing if row.source == "default" and isinstance(row.value, int | float)]
    assert set(bare) <= left_open


def test_rows_carry_unit_and_say_what_was_overridden() -> None:
    rows = {row.field: row for row in preset_rows("mcu128", load_preset("mcu128", ["host.handoff_us=9"]))}
    assert (rows["dram.bytes_per_second"].unit, rows["host.handoff_us"].unit) == ("byte/s", "us")
    assert rows["host.handoff_us"].source == "override"
    assert rows["clock_hz"].source.startswith("source:")
    assert rows["sram.banks"].source.startswith("assumed:")


def test_a_latency_that_a_file_gives_in_cycles_keeps_its_source(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\ndram:\n  read_latency_cycles: 300  # measured: on the bench\n")
    rows, changed = (preset_rows(path, load_preset(path, more)) for more in ([], ["dram.read_latency_ns=7"]))
    source = {row.field: row.source for row in rows}
    assert source["dram.read_latency_ns"] == "measured: on the bench"
    assert {row.field: row.source for row in changed}["dram.read_latency_ns"] == "override"
