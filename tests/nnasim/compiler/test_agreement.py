"""A trace runs on a chip of its own arithmetic or not at all; what no operation on the NNA uses may differ."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from nnasim.cli.main import main
from nnasim.compiler import CompiledTrace
from nnasim.compiler.agreement import USED_BY
from nnasim.errors import NumericsError
from nnasim.fast_latency import schedule
from nnasim.hardware import load_preset
from nnasim.ir.operands import OpKind
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.pipeline import simulate

Small = Callable[..., OpTrace]

# Another value for each field of `numerics`, with what else it then needs.
OTHER: dict[str, dict[str, Any]] = {
    "activation": {"activation": "lut16"},
    "activation_range": {"activation_range": 8.0},
    "pwl_segments": {"activation": "pwl", "pwl_segments": 32},
    "pwl_fit": {"activation": "pwl", "pwl_fit": "fitted"},
    "cell_bits": {"cell_bits": 16},
    "cell_range": {"cell_range": 4.0},
    "weight_bits": {"weight_bits": 4},
    "activation_bits": {"activation_bits": 16, "accumulator_bits": 48},
    "accumulator_bits": {"accumulator_bits": 48},
    "overflow": {"overflow": "wrap"},
    "multiplier_bits": {"multiplier_bits": 31},
    "rounding": {"rounding": "double"},
    "per_channel": {"per_channel": False},
}
OF_PRODUCTS = (
    "weight_bits", "activation_bits", "accumulator_bits", "overflow", "multiplier_bits", "rounding", "per_channel",
)  # fmt: skip


def overrides(values: dict[str, Any]) -> list[str]:
    return [f"numerics.{name}={json.dumps(value).strip(chr(34))}" for name, value in values.items()]


def test_every_field_and_every_kind_of_operation_is_thought_of() -> None:
    assert set(OTHER) == set(NumericsConfig.model_fields)
    assert set(USED_BY) == set(get_args(OpKind))
    assert {field for fields in USED_BY.values() for field in fields} == set(NumericsConfig.model_fields)


@pytest.mark.parametrize("system", ["naive", "aat"])
@pytest.mark.parametrize("field", OTHER)
def test_a_chip_of_another_arithmetic_is_refused_with_the_field_and_both_values(
    small: Small, field: str, system: str
) -> None:
    chip = load_preset("edge256", overrides(OTHER[field]))
    with pytest.raises(NumericsError) as caught:
        simulate(small(system=system), chip)
    message = str(caught.value)
    first = next(name for name in NumericsConfig.model_fields if name in OTHER[field])
    had, has = (
        json.dumps(numerics.model_dump(mode="json")[first]).strip('"') for numerics in (NumericsConfig(), chip.numerics)
    )
    assert f"trace: numerics.{first} = " in message
    assert had.replace("null", "None").replace("true", "True") in message
    assert f"but the chip edge256 has {has}" in message
    assert all(f"`{override}`" in message for override in overrides(OTHER[field]))


@pytest.mark.parametrize("field", OTHER)
def test_the_fallback_is_refused_for_what_its_products_use_only(small: Small, field: str) -> None:
    chip = load_preset("edge256", overrides(OTHER[field]))
    trace = small(system="cpu_fallback")
    if field in OF_PRODUCTS:
        with pytest.raises(NumericsError):
            simulate(trace, chip)
    else:
        assert set(simulate(trace, chip).unused_numerics) == set(OTHER[field])


@pytest.mark.parametrize("field", OTHER)
def test_float_runs_on_a_chip_of_any_arithmetic_and_says_what_is_not_used(small: Small, field: str) -> None:
    result = simulate(small(system="float"), load_preset("edge256", overrides(OTHER[field])))
    assert set(result.unused_numerics) == set(OTHER[field])


def test_a_chip_without_the_unit_runs_what_it_can(small: Small) -> None:
    assert simulate(small(system="aat"), load_preset("nvdla_small")).unused_numerics == ()
    with pytest.raises(NumericsError, match="weight_bits"):
        simulate(small(system="aat"), load_preset("nvdla_small", ["numerics.weight_bits=4"]))


@pytest.mark.parametrize("idle", [{"activation": "lut8", "pwl_segments": 32}, {"cell_bits": 16, "cell_range": 4.0}])
def test_what_changes_no_integer_of_either_may_differ(small: Small, idle: dict[str, Any]) -> None:
    """So a trace that an older version made with such a field runs, though no chip may be given one any more."""
    (decider, value), (field, other) = idle.items()
    trace = small(system="aat", numerics=NumericsConfig().with_({decider: value, field: other}))
    result = simulate(trace, load_preset("edge256", overrides({decider: value})))
    assert result.unused_numerics == (field,)


def test_two_piecewise_units_must_agree_in_their_segments(small: Small) -> None:
    trace = small(system="aat", numerics=NumericsConfig(activation="pwl", pwl_segments=8))
    with pytest.raises(NumericsError, match=r"pwl_segments = 8: but the chip edge256 has 16"):
        simulate(trace, load_preset("edge256", ["numerics.activation=pwl"]))


def test_whoever_compiles_a_trace_is_refused(small: Small) -> None:
    chip = load_preset("edge512")
    for run in (CompiledTrace, schedule):
        with pytest.raises(NumericsError, match=r"but the chip edge512 has lut16 \(and others in cell_bits\)"):
            run(small(), chip)


@pytest.mark.parametrize("chip", [["--preset", "edge512"], ["--set", "numerics.weight_bits=4"],
                                  ["--preset", "edge512", "--set", "numerics.weight_bits=4"]])  # fmt: skip
def test_the_message_gives_options_that_make_a_trace_which_runs(
    chip: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, again = str(tmp_path / "t.json"), str(tmp_path / "again.json")
    assert main(["trace", "--shape", "rnnt-mlperf", "--frames", "2", "--symbols", "1", "--out", trace]) == 0
    out = ["--out", str(tmp_path / "r.json")]
    assert main(["simulate", trace, *chip, *out]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    options = shlex.split(complaint.split("from its source, with")[1].split(", or give")[0])
    assert main(["trace", "--from", trace, *options, "--out", again]) == 0
    assert main(["simulate", again, *chip, *out]) == 0
    own = shlex.split(complaint.split("give the chip the trace's:")[1])
    assert main(["simulate", trace, *chip, *own, *out, "--force"]) == 0
