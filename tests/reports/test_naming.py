"""Results are named by what differs, in words that a reader knows."""

from collections.abc import Callable
from typing import Any

import pytest

from nnasim.hardware import load_preset
from nnasim.ir.imported import Imported
from nnasim.ir.result import SimResult, Workload
from reports.naming import differing_fields, field_name, labelled

MakeResult = Callable[..., SimResult]


def on(make: MakeResult, *overrides: str, preset: str = "edge256", system: str = "aat", **more: Any) -> SimResult:
    return make(system, preset=preset, hardware=load_preset(preset, list(overrides)).model_dump(mode="json"), **more)


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("dram.bytes_per_second", 12e9, "dram 12 GB/s"),
        ("dram.bytes_per_second", 3.75e9, "dram 3.75 GB/s"),
        ("host.handoff_us", 35.0, "handoff 35 us"),
        ("sram.bytes", 393216, "sram 384 KiB"),
        ("sram.bytes", 100_000, "sram 97.6562 KiB"),
        ("clock_hz", 5e8, "clock 500 MHz"),
        ("numerics.weight_bits", 4, "weight 4 bits"),
        ("numerics.activation", "lut16", "activation lut16"),
        ("mac_array.macs_per_cycle", 128, "mac array macs 128 a cycle"),
        ("host.sigmoid_ns_per_element", 4.0, "CPU sigmoid 4 ns/element"),
        ("sequencer.on_chip_decode", False, "sequencer on chip decode off"),
    ],
)
def test_a_field_is_named_in_a_few_words_with_its_unit(field: str, value: object, name: str) -> None:
    assert field_name(field, value) == name


def test_results_that_differ_by_one_setting_are_named_by_it(make_result: MakeResult) -> None:
    rates = [on(make_result, f"dram.bytes_per_second={rate}") for rate in ("1e9", "4e9", "16e9")]
    assert list(labelled(rates)) == ["aat, dram 1 GB/s", "aat, dram 4 GB/s", "aat, dram 16 GB/s"]


def test_systems_alone_and_presets_alone_are_names_enough(make_result: MakeResult) -> None:
    assert list(labelled([on(make_result), on(make_result, system="float")])) == ["aat", "float"]
    presets = [on(make_result), on(make_result, preset="edge512")]
    assert list(labelled(presets)) == ["aat on edge256", "aat on edge512"]


def test_settings_are_named_within_a_preset_only(make_result: MakeResult) -> None:
    results = [on(make_result), on(make_result, "host.handoff_us=5"), on(make_result, preset="edge512")]
    assert list(labelled(results)) == [
        "aat on edge256, handoff 50 us",
        "aat on edge256, handoff 5 us",
        "aat on edge512",
    ]


def test_a_setting_is_named_though_the_systems_differ_too(make_result: MakeResult) -> None:
    results = [on(make_result), on(make_result, "host.handoff_us=5", system="float")]
    assert list(labelled(results)) == ["aat, handoff 50 us", "float, handoff 5 us"]


def test_models_of_different_size_and_speech_of_different_length_are_named(make_result: MakeResult) -> None:
    small = Workload(speech="s", model="m", name="tiny", weights=450_000)
    large = Workload(speech="s", model="n", name="rnnt-paper", weights=56_300_000)
    models = [on(make_result, workload=small), on(make_result, workload=large)]
    assert list(labelled(models)) == ["aat, tiny (0.450 M weights)", "aat, rnnt-paper (56.3 M weights)"]
    speech = [on(make_result), on(make_result, utterances=make_result().utterances[:1])]
    assert list(labelled(speech)) == ["aat, 2 utterances", "aat, 1 utterance"]


def test_a_model_from_elsewhere_is_named_once(make_result: MakeResult) -> None:
    vad = Imported(name="vad.onnx", calls="every 32 ms for 1 s", claim="exact")
    as_vad = {"imported": vad, "workload": Workload(speech="s", model="m", name="vad.onnx", weights=308_000)}
    systems = [on(make_result, system=system, **as_vad) for system in ("naive", "cpu_int8")]
    assert list(labelled(systems)) == ["vad.onnx, naive", "vad.onnx, cpu_int8"]
    beside_own = [systems[0], on(make_result, workload=Workload(speech="s", model="n", name="tiny", weights=450_000))]
    assert list(labelled(beside_own)) == ["naive, vad.onnx (0.308 M weights)", "aat, tiny (0.450 M weights)"]


def test_a_number_stands_only_where_nothing_that_is_known_differs(make_result: MakeResult) -> None:
    assert list(labelled([on(make_result), on(make_result)])) == ["aat, #1", "aat, #2"]


def test_many_fields_are_counted(make_result: MakeResult) -> None:
    more = ["clock_hz=4e8", "host.handoff_us=5", "sram.bytes=262144", "sram.banks=2", "dma.channels=1"]
    name = list(labelled([on(make_result), on(make_result, *more)]))[1]
    assert name == "aat, clock 400 MHz, sram 256 KiB, sram banks 2, 2 more fields"


def test_fields_that_differ_are_found_in_whichever_chip_has_them() -> None:
    assert differing_fields([{"a": 1, "b": 2}, {"a": 1, "c": 3}]) == ["b", "c"]


def test_a_whole_number_beyond_every_float_is_told_by_its_digits() -> None:
    assert field_name("sram.bytes", 10**400).endswith("a number of 401 digits")
