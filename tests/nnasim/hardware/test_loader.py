"""A preset is found by name or path, extended, overridden, and refused in one clear line."""

import json

import pytest

from nnasim.errors import ConfigError, FileError
from nnasim.hardware import NnaConfig, load_preset, preset_names

CHIPS = [
    "edge256", "edge256_banked", "edge512", "ethos_u85", "mcu128", "nvdla_full", "nvdla_small", "systolic", "tpu_like",
]  # fmt: skip


def test_the_presets_of_the_hardware_notes_are_there() -> None:
    assert preset_names() == CHIPS


@pytest.mark.parametrize("name", CHIPS)
def test_every_preset_loads_and_says_what_it_is(name: str) -> None:
    chip = load_preset(name)
    assert chip.name == name
    assert chip.description
    assert chip.validated


@pytest.mark.parametrize(
    ("name", "macs", "clock_hz", "sram_bytes", "dram_rate", "handoff_us", "activation"),
    [
        ("edge256", 256, 500e6, 384 * 1024, 3.75e9, 50, "lut8"),
        ("mcu128", 128, 200e6, 4 * 2**20, 0.1e9, 5, "lut8"),
        ("edge256_banked", 256, 500e6, 384 * 1024, 3.75e9, 50, "lut8"),
        ("edge512", 512, 1e9, 512 * 1024, 3.75e9, 35, "lut16"),
        ("ethos_u85", 1024, 1e9, 384 * 1024, 12e9, 35, "lut16"),
        ("nvdla_full", 256, 1e9, 128 * 1024, 8e9, 70, "lut8"),
        ("nvdla_small", 64, 1e9, 128 * 1024, 8e9, 70, "none"),
        ("tpu_like", 4096, 500e6, 8 * 2**20, 25e9, 100, "lut8"),
    ],
)
def test_the_presets_hold_the_published_numbers(
    name: str, macs: int, clock_hz: float, sram_bytes: int, dram_rate: float, handoff_us: float, activation: str
) -> None:
    chip = load_preset(name)
    assert chip.mac_array.macs == macs
    assert (chip.clock_hz, chip.sram.bytes, chip.dram.bytes_per_second) == (clock_hz, sram_bytes, dram_rate)
    assert (chip.host.handoff_us, chip.numerics.activation) == (handoff_us, activation)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("dram.bytes_per_second=0", ["dram.bytes_per_second = 0", "at least 1"]),
        ("dram.bytes_per_secnd=1", ["bytes_per_secnd", "did you mean bytes_per_second"]),
        ("sram.bytes=-1", ["sram.bytes = -1", "greater than 0"]),
        ("sram.bytes=1.5", ["sram.bytes = 1.5", "must be a whole number"]),
        ("sram.banks=7", ["sram.banks = 7", "do not divide 393216 bytes"]),
        ("mac_array.kind=gpu", ["mac_array.kind = 'gpu'", "'vector', 'dot_product' or 'systolic'"]),
        ("mac_array.rows=7", ["macs_per_cycle", "not divisible"]),
        ("mac_array.macs_per_cycle=null", ["macs_per_cycle", "rows and cols"]),
        ("numerics.activation=relu", ["numerics.activation = 'relu'", "'lut8'"]),
        ("numerics.activation_bits=16", ["48-bit accumulator"]),
        ("activation_unit=null", ["numerics.activation = 'lut8'", "activation_unit"]),
        ("clock_hz=true", ["clock_hz = True", "must be a number"]),
        ("clock_hz=fast", ["clock_hz = 'fast'", "must be a number"]),
        ("clock_hz=.inf", ["clock_hz", "finite"]),
        ("host=3", ["host = 3"]),
        ("dma.alignment_bytes=48", ["dma.alignment_bytes = 48", "power of two"]),
        ("dma.weight_compression_ratio=1.5", ["weight_compression_ratio = 1.5", "at most 1"]),
        ("energy.mac_int8_pj=[3,2,1]", ["energy.mac_int8_pj", "ascending"]),
        ("clock_hz", ["must be field=value"]),
        ("clock_hz.x=1", ["clock_hz.x", "none here"]),
        ("engine.size=1", ["engine", "allowed are name"]),
        ("sram.bytes=[1", ["override sram.bytes", "is not YAML"]),
    ],
)
def test_a_bad_override_is_refused_in_one_line(override: str, words: list[str]) -> None:
    with pytest.raises((ConfigError, FileError)) as caught:
        load_preset("edge256", [override])
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_an_override_is_read_as_yaml_so_1e9_is_a_number() -> None:
    assert load_preset("edge256", ["dram.bytes_per_second=1e9"]).dram.bytes_per_second == 1e9


def test_later_overrides_win_and_the_presets_are_not_touched() -> None:
    assert load_preset("edge256", ["host.handoff_us=5", "host.handoff_us=7"]).host.handoff_us == 7
    assert load_preset("edge256").host.handoff_us == 50


def test_a_users_file_extends_a_preset(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: edge256\nhost:\n  handoff_us: 7  # measured: on the bench\n")
    chip = load_preset(path)
    assert (chip.name, chip.host.handoff_us, chip.sram.bytes) == ("mine", 7, 384 * 1024)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("- 1\n", "mapping"),
        ("extends: nowhere\n", "known are edge256"),
        ("extends: mine.yaml\n", "circle"),
        ("extends: 3\n", "preset's name"),
        ("extends: edge256\nsram: {size: 3}\n", "unknown key"),
        ("clock_hz: 1e9\n", "mac_array"),
        ("extends: edge256\nsram: 5\n", "sram"),
    ],
)
def test_a_bad_file_is_refused_by_its_name(tmp_path, text: str, word: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.yaml") as caught:
        load_preset(path)
    assert word in str(caught.value)


@pytest.mark.parametrize("name", ["a\\0.yaml", "\\ud800.yaml"])
@pytest.mark.parametrize("field", ["extends", "extends: edge256\nenergy"])
def test_what_no_file_can_be_called_is_refused(tmp_path, field: str, name: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f'{field}: "{name}"\n')
    with pytest.raises(FileError, match="is not a file name"):
        load_preset(path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="known are edge256, edge256_banked, edge512"):
        load_preset("edge999")


def test_the_digest_is_of_the_chip_and_not_of_its_name() -> None:
    chip = load_preset("edge256")
    assert chip.digest() == load_preset("edge256", ["name=other"]).digest()
    assert chip.digest() != load_preset("edge256", ["host.handoff_us=51"]).digest()


def test_a_resolved_chip_reads_back_as_itself() -> None:
    chip = load_preset("nvdla_small")
    assert NnaConfig.model_validate(json.loads(chip.model_dump_json())).digest() == chip.digest()


@pytest.mark.parametrize(
    ("overrides", "rectangle"),
    [
        ([], (16, 16)),
        (["mac_array.kind=systolic", "mac_array.rows=32"], (32, 8)),
        (["mac_array.macs_per_cycle=512"], (32, 16)),
        (["mac_array.macs_per_cycle=null", "mac_array.rows=3", "mac_array.cols=5"], (3, 5)),
    ],
)
def test_an_array_is_as_square_as_it_can_be(overrides: list[str], rectangle: tuple[int, int]) -> None:
    assert load_preset("edge256", overrides).mac_array.rectangle == rectangle
