"""A chip changes only by being validated again, and nothing that was derived from it outlives the change."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.hardware.idle import idle_fields
from nnasim.numerics.config import NumericsConfig
from tests.nnasim.hardware.other_values import fields, other_chips

FIELDS = list(fields())
LAWS = ("mac_array_law", "dram_model")
CHIP = load_preset("edge256", ["numerics.activation=pwl"])


def derived(record: BaseModel, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that a chip and its sections compute from their fields: properties, digests, costs of a crossing."""
    for name, _ in inspect.getmembers(type(record), lambda member: isinstance(member, property)):
        if name not in dir(BaseModel):
            value = getattr(record, name)
            yield f"{path}{name}", vars(value) if name in LAWS else value
    for method, arguments in (("digest", ()), ("handoff_seconds", (100,)), ("cycles_per_element", ("tanh",))):
        if hasattr(record, method):
            yield f"{path}{method}", getattr(record, method)(*arguments)
    for name in type(record).model_fields:
        if isinstance(value := getattr(record, name), BaseModel):
            yield from derived(value, f"{path}{name}.")


def test_derived_values_are_found() -> None:
    assert {"dram_bytes_per_cycle", "digest", "mac_array.macs", "numerics.digest"} <= {
        name for name, _ in derived(CHIP)
    }


@pytest.mark.parametrize("field", FIELDS)
def test_every_derived_value_of_a_changed_chip_is_that_of_a_fresh_one(field: str) -> None:
    dict(derived(CHIP))  # whatever could be kept is kept now
    changed = next(other_chips(CHIP, field), None)
    if changed is None:  # a field that would decide nothing is refused
        assert field in {idle.field for idle in idle_fields(CHIP)}
        return
    fresh = NnaConfig.model_validate(changed.model_dump(mode="json"))
    assert changed == fresh
    assert changed != CHIP
    assert dict(derived(changed)) == dict(derived(fresh))


def test_a_chip_at_a_third_of_the_bandwidth_reads_a_third_of_the_bytes_a_cycle() -> None:
    chip = load_preset("edge256")
    before = chip.dram_bytes_per_cycle
    third = chip.with_({"dram.bytes_per_second": chip.dram.bytes_per_second / 3})
    assert float(third.dram_bytes_per_cycle) == pytest.approx(float(before) / 3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dram.bytes_per_secnd": 1e9}, ["chip: dram.bytes_per_secnd = 1", "did you mean bytes_per_second"]),
        ({"dramm.bytes_per_second": 1e9}, ["chip: dramm = ", "did you mean dram"]),
        ({"dram": {"bytes_per_secnd": 1e9}}, ["dram.bytes_per_secnd", "did you mean bytes_per_second"]),
        ({"dram.bytes_per_second": -5}, ["chip: dram.bytes_per_second = -5", "at least 1"]),
        ({"dram": {"bytes_per_second": -5}}, ["chip: dram.bytes_per_second = -5", "at least 1"]),
        ({"dram.bytes_per_second": "12e9"}, ["chip: dram.bytes_per_second = '12e9'", "must be a number"]),
        ({"sequencer.on_chip_decode": "yes"}, ["on_chip_decode = 'yes'", "true or false"]),
        ({"numerics.per_channel": "no"}, ["per_channel = 'no'", "true or false"]),
        ({"numerics.activation_range": "4"}, ["activation_range = '4'", "must be a number"]),
        ({"numerics.pwl_segments": True}, ["pwl_segments = True", "must be a whole number of at least 2"]),
        ({"mac_array.kind": "gpu"}, ["mac_array.kind = 'gpu'", "'vector', 'dot_product' or 'systolic'"]),
        ({"sram.banks": 7}, ["chip: sram.banks = 7", "do not divide"]),
        ({"activation_unit": None}, ["numerics.activation", "activation_unit"]),
        ({"clock_hz.x": 1}, ["clock_hz.x", "none here"]),
    ],
)
def test_what_a_preset_would_be_refused_for_is_refused(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_preset("edge256").with_(changes)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "--set" not in message


def test_several_fields_change_together_and_the_rest_stays() -> None:
    chip = load_preset("edge256")
    changed = chip.with_({"host.handoff_us": 5, "dram": {"bytes_per_second": 1e9, "cpu_share": 0.5}})
    assert (changed.host.handoff_us, changed.dram.bytes_per_second, changed.dram.cpu_share) == (5, 1e9, 0.5)
    assert changed.dram.burst_bytes == chip.dram.burst_bytes
    assert chip == load_preset("edge256")
    assert chip.with_({}) == chip


def test_a_whole_section_may_be_given_or_taken_away() -> None:
    chip = load_preset("edge256")
    assert chip.with_({"dram": load_preset("mcu128").dram}).dram == load_preset("mcu128").dram
    assert chip.with_({"energy": None}).energy is None


def test_a_change_that_nothing_would_check_is_refused() -> None:
    chip = load_preset("edge256")
    for record in (chip, chip.dram, chip.numerics):
        with pytest.raises(TypeError, match="with_"):
            record.model_copy(update={"bytes_per_second": -1.0})
    assert chip.model_copy() == chip


def test_numerics_change_as_chips_do() -> None:
    assert NumericsConfig().with_({"cell_bits": 16}).cell_bits == 16
    with pytest.raises(ConfigError, match="31-bit multiplier"):
        NumericsConfig().with_({"accumulator_bits": 48, "multiplier_bits": 31})
