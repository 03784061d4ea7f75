"""The DRAM has no part in the core clock: its latency is given in ns, and in cycles only where the clock is fixed."""

import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset


@pytest.mark.parametrize(
    ("preset", "cycles"), [("edge256", 500), ("edge512", 500), ("mcu128", 64), ("nvdla_small", 32), ("tpu_like", 500)]
)
def test_every_preset_has_the_cycles_of_its_source_at_its_own_clock(preset: str, cycles: int) -> None:
    assert load_preset(preset).dram_latency_cycles == cycles


def test_another_clock_leaves_the_drams_time_alone() -> None:
    slow, fast = (load_preset("edge256", [f"clock_hz={clock}"]) for clock in ("100e6", "1e9"))
    assert (slow.dram.read_latency_ns, fast.dram.read_latency_ns) == (1000, 1000)
    assert (slow.dram_latency_cycles, fast.dram_latency_cycles) == (100, 1000)


@pytest.mark.parametrize("cycles", [0, 1, 300, 333, 10**7])
@pytest.mark.parametrize("clock", ["500.0e6", "333.0e6", "1.1e9"])
def test_cycles_are_read_at_the_presets_own_clock(tmp_path, cycles: int, clock: str) -> None:
    base, preset = tmp_path / "base.yaml", tmp_path / "mine.yaml"
    base.write_text(f"extends: edge256\nclock_hz: {clock}\n")
    preset.write_text(f"extends: base.yaml\ndram:\n  read_latency_cycles: {cycles}\n")
    override = load_preset(base, [f"dram.read_latency_cycles={cycles}"])
    assert load_preset(preset).dram_latency_cycles == override.dram_latency_cycles == cycles
    assert load_preset(preset).dram == override.dram


def test_a_files_cycles_stay_its_own_when_the_clock_is_changed_afterwards(tmp_path) -> None:
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: edge256\ndram:\n  read_latency_cycles: 300\n")
    assert load_preset(preset, ["clock_hz=1e9"]).dram.read_latency_ns == 600


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["dram.read_latency_cycles=300", "clock_hz=1e9"], "together with clock_hz"),
        (["clock_hz=1e9", "dram.read_latency_cycles=300"], "together with clock_hz"),
        (["dram.read_latency_cycles=300", "dram.read_latency_ns=600"], "together with dram.read_latency_ns"),
        (["dram.read_latency_cycles=-1"], "= -1: must be a whole number of cycles, 0 to 10,000,000"),
        (["dram.read_latency_cycles=0.5"], "= 0.5: must be a whole number of cycles"),
        (["dram.read_latency_cycles=many"], "= 'many': must be a whole number"),
        (["dram.read_latency_cycles=true"], "= True: must be a whole number"),
        (["dram.read_latency_cycles=10000001"], "0 to 10,000,000"),
    ],
)
def test_cycles_of_a_clock_that_is_not_fixed_and_bad_ones_are_refused_with_the_new_name(overrides, words) -> None:
    with pytest.raises(ConfigError, match=r"dram\.read_latency_ns") as caught:
        load_preset("edge256", overrides)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_gives_clock_and_cycles_at_once_is_read_and_one_that_gives_both_units_is_refused(tmp_path) -> None:
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: edge256\nclock_hz: 1.0e9\ndram:\n  read_latency_cycles: 300\n")
    assert load_preset(preset).dram.read_latency_ns == 300
    preset.write_text("extends: edge256\ndram:\n  read_latency_cycles: 300\n  read_latency_ns: 3\n")
    with pytest.raises(ConfigError, match="it says the same"):
        load_preset(preset)


def test_a_chip_takes_cycles_at_its_own_clock_and_refuses_them_beside_another() -> None:
    chip = load_preset("edge256")
    assert chip.with_({"dram.read_latency_cycles": 300}) == chip.with_({"dram.read_latency_ns": 600})
    with pytest.raises(ConfigError, match=r"chip: dram\.read_latency_cycles = 'together with clock_hz'"):
        chip.with_({"dram.read_latency_cycles": 300, "clock_hz": 1e9})


def test_a_section_that_is_no_mapping_is_refused_in_one_line(tmp_path) -> None:
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: edge256\ndram: 3\n")
    with pytest.raises(ConfigError, match="dram = 3"):
        load_preset(preset)
    with pytest.raises(ConfigError, match="together with clock_hz"):
        load_preset("edge256", ["dram={read_latency_cycles: 300}", "clock_hz=1e9"])
