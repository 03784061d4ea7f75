"""Fits of boards whose fields are known: what is hidden comes back, what rows cannot tell is named."""

from pathlib import Path

import pytest

from benchmarks.fit_boards import SHAPES, table, timed
from nnasim.errors import ConfigError, InputError, NnasimError
from nnasim.hardware import load_preset
from nnasim.studies.fitting.preset_file import write_preset
from nnasim.studies.fitting.study import Fit, fit
from nnasim.studies.speed.layer import layer_trace

EDGE = load_preset("edge256")
HIDDEN = {"host.handoff_us": 31.0, "dram.efficiency": 0.62}


def fitted(measured, names, chip=EDGE, **further) -> Fit:
    return fit(measured, chip, names, preset="edge256", **further)


@pytest.fixture(scope="module")
def plain() -> Fit:
    return fitted(timed(EDGE.with_(HIDDEN)), list(HIDDEN))


def test_without_noise_hidden_values_come_back_to_three_digits(plain) -> None:
    found = {field.field: field.value for field in plain.record.fields}
    assert found == pytest.approx(HIDDEN, rel=2e-3)
    assert plain.record.mean_error_pct < 0.05 < 5 < plain.record.mean_before_pct
    assert plain.record.mean_held_out_pct < 0.1


def test_intervals_hold_the_hidden_values(plain) -> None:
    for field in plain.record.fields:
        assert field.low <= HIDDEN[field.field] <= field.high


def test_the_preset_is_read_as_the_chip_that_was_found(plain, tmp_path: Path) -> None:
    write_preset(plain.record, tmp_path / "board.yaml")
    assert load_preset(tmp_path / "board.yaml").digest() == plain.chip.digest()
    text = (tmp_path / "board.yaml").read_text()
    assert text.count("# measured: board.csv, 7 rows") == 2


def test_overrides_of_the_command_stand_in_the_preset_too(tmp_path: Path) -> None:
    overrides = ["clock_hz=4e8", "energy.dram_pj_per_byte.lpddr4=[10, 20, 30]"]
    chip = load_preset("edge256", overrides)
    result = fit(timed(chip.with_(HIDDEN)), chip, list(HIDDEN), preset="edge256", overrides=overrides)
    write_preset(result.record, tmp_path / "board.yaml")
    again = load_preset(tmp_path / "board.yaml")
    assert again.clock_hz == 4e8
    assert again.energy == chip.energy


def test_a_parent_in_a_file_is_found_from_where_the_preset_stands(tmp_path: Path) -> None:
    parent = tmp_path / "parent.yaml"
    parent.write_text("extends: edge256\nhost:\n  handoff_us: 20\n")
    chip = load_preset(parent)
    measured = timed(chip.with_({"dram.efficiency": 0.6}))
    result = fit(measured, chip, ["dram.efficiency"], preset=str(parent))
    (tmp_path / "inner").mkdir()
    write_preset(result.record, tmp_path / "inner" / "board.yaml")
    assert load_preset(tmp_path / "inner" / "board.yaml").digest() == result.chip.digest()


def test_a_sum_and_a_product_of_fields_cannot_be_told_apart() -> None:
    names = ["host.handoff_us", "host.handoff_driver_us", "dram.efficiency", "dram.bytes_per_second"]
    result = fitted(timed(EDGE.with_(HIDDEN), noise=0.003), names)
    groups = {frozenset(group.fields) for group in result.record.confounded}
    assert groups == {frozenset(names[:2]), frozenset(names[2:])}
    assert all(field.low is None and "only together" in field.note for field in result.record.fields)
    host, dram = result.chip.host, result.chip.dram
    assert host.handoff_us + host.handoff_driver_us == pytest.approx(31, rel=0.03)
    rate = 0.62 * EDGE.dram.bytes_per_second
    assert dram.efficiency * dram.bytes_per_second == pytest.approx(rate, rel=0.03)


def test_a_field_that_no_row_depends_on_is_named_and_stays() -> None:
    result = fitted(timed(EDGE.with_(HIDDEN)), [*HIDDEN, "host.tanh_ns_per_element"])
    assert result.record.idle == ("host.tanh_ns_per_element",)
    assert result.chip.host.tanh_ns_per_element == EDGE.host.tanh_ns_per_element
    assert [field.field for field in result.record.fields] == list(HIDDEN)


def test_where_no_row_depends_on_anything_the_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"host\.tanh_ns_per_element.*no row depends on it"):
        fitted(timed(EDGE), ["host.tanh_ns_per_element"])


def test_a_field_that_counts_comes_back_whole() -> None:
    hidden = {"mac_array.fixed_cycles_per_pass": 5000}
    result = fitted(timed(EDGE.with_(hidden)), list(hidden))
    (field,) = result.record.fields
    assert result.chip.mac_array.fixed_cycles_per_pass == pytest.approx(5000, abs=5)
    assert field.low <= 5000 <= field.high


def test_rows_may_be_traces_with_settings_of_their_own() -> None:
    trace = layer_trace(512, 256)
    rows = []
    for clock in (2e8, 5e8, 8e8):
        for factor in (1.0, 1.001):
            alone = fit_row(trace, clock)
            rows.append({"trace": "layer", "clock_hz": clock, "measured_us": alone * factor})
    result = fitted(table(rows), ["host.handoff_us"], held={"layer": trace})
    assert result.record.fields[0].value == pytest.approx(33, rel=0.01)


def fit_row(trace, clock_hz: float) -> float:
    from nnasim.pipeline import simulate

    chip = EDGE.with_({"clock_hz": clock_hz, "host.handoff_us": 33.0})
    return simulate(trace, chip).utterances[0].engine_latency_ms * 1e3


def test_the_same_table_gives_the_same_record(plain) -> None:
    assert fitted(timed(EDGE.with_(HIDDEN)), list(HIDDEN)).record == plain.record


def test_as_many_rows_as_fields_leave_nothing_to_judge_by() -> None:
    result = fitted(timed(EDGE.with_(HIDDEN), SHAPES[:2]), list(HIDDEN))
    assert [field.low for field in result.record.fields] == [None, None]
    assert result.record.mean_held_out_pct is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "name at least one"),
        (["host.handof_us"], "did you mean handoff_us"),
        (["host"], "is a section"),
        (["dram.kind"], "must be a number"),
        (["sequencer.on_chip_decode"], "must be a number"),
        (["host.memory_bytes_per_second"], "is not set on this chip"),
        (["dma.alignment_bytes"], "must be a power of two"),
        (["host.other_load_us"], "no other work arrives"),
        (["dram.efficiency", "dram.efficiency"], "named twice"),
    ],
)
def test_fields_that_cannot_be_found_are_refused(names, message) -> None:
    with pytest.raises(ConfigError) as caught:
        fitted(timed(EDGE), names)
    assert message in str(caught.value)


def test_fewer_rows_than_fields_are_refused() -> None:
    with pytest.raises(ConfigError, match="1: are fewer rows than the 2 fields"):
        fitted(timed(EDGE, SHAPES[:1]), list(HIDDEN))


PRODUCT = {"M": 1, "N": 64, "K": 64}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**PRODUCT, "measured_ms": 120.0}, "cannot be in ms"),
        ({**PRODUCT, "measured_ms": -1}, "must be a number"),
        ({**PRODUCT, "measured_ms": 0}, "must be at least 1e-15"),
        ({**PRODUCT, "measured_ms": 1e-300}, "must be at least 1e-15"),
        ({**PRODUCT, "measured_ms": "nan"}, "must be a number"),
        ({**PRODUCT, "measured_days": 1}, "is no unit that is known"),
        ({**PRODUCT, "measured_ms": 1, "measured_us": 1000}, "must not be given beside measured_ms"),
        (PRODUCT, "measured_ms: is missing"),
        ({"M": 1, "N": 64, "measured_ms": 0.1}, "K: is missing"),
        ({"M": 1, "N": 2**18, "K": 2**12, "measured_ms": 0.1}, "is more than 268,435,456 weights"),
        ({"trace": "", "measured_ms": 0.1}, "must name a trace file"),
        ({"trace": "absent.json", "measured_ms": 0.1}, "absent.json"),
        ({**PRODUCT, "measured_ms": 0.1, "figure": "speed"}, "must be one of engine_latency_ms.p50"),
        ({**PRODUCT, "measured_ms": 0.1, "resident": "maybe"}, "must be yes or no"),
        ({**PRODUCT, "measured_ms": 0.1, "dram.efficiency": 0.5}, "is to be found, so no column may give it"),
        ({**PRODUCT, "measured_ms": 0.1, "dram.eficiency": 0.5}, "did you mean efficiency"),
        ({**PRODUCT, "measured_ms": 0.1, "clock_hz": -1}, "clock_hz"),
        ({"array_size": 8, "M": 1, "k_tiles": 1, "total_cycles": 34}, "no field of a chip decides its rows"),
    ],
)
def test_rows_that_cannot_be_are_one_line(row, message) -> None:
    with pytest.raises(NnasimError) as caught:
        fitted(table([row, row, row]), ["dram.efficiency"])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("column", "said"), [("trace_hash", "0" * 16), ("frames", "7"), ("system", "float")])
def test_measurements_of_another_trace_are_refused(column, said) -> None:
    rows = [{"trace": "layer", column: said, "measured_us": 100.0}] * 2
    with pytest.raises(InputError, match=rf"{column} = '{said}': is of another trace: layer has"):
        fitted(table(rows), ["host.handoff_us"], held={"layer": layer_trace(64, 64)})


def test_columns_that_say_nothing_are_named() -> None:
    rows = [{**PRODUCT, "N": n, "measured_us": 90.0 + n / 10, "board": "b3"} for n in (64, 256, 512)]
    assert fitted(table(rows), ["host.handoff_us"]).unused == ("board",)
