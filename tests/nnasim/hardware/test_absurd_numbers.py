"""Every number of a chip at both ends of what is allowed: a run ends, in a result or in one line."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from nnasim.cli.main import main
from nnasim.errors import NnasimError
from nnasim.files import json_text
from nnasim.hardware import NnaConfig, load_preset
from nnasim.hardware.drams.timings import BankedParameters
from nnasim.pipeline import simulate
from tests.attack import attack, refused
from tests.nnasim.hardware.other_values import fields
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

FAMILIES = ("edge256_banked", "tpu_like", "nvdla_full")  # banks, a systolic array, a decoder of its own
NUMBERS = (
    1e308, -1e308, 1e-300, 5e-324, 1e-9, 0, -0.0, 1, -1, 2**63, 10**350, -(10**350),
    float("nan"), float("inf"), -float("inf"),
)  # fmt: skip
TINY = RnntShape(
    input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, reduction=2, encoder_after=1, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8, layer_norm=True,
)  # fmt: skip
SMALL = build_trace(TINY, 2, 1)
TRACE = build_trace(SHAPES["rnnt-mlperf"], 2, 0)
EDGE = load_preset("edge256").model_dump(mode="json")
ABSURD = (1e300, -1e300, 1e-300, "9" * 350, "-1", "nan", "inf", "1e-7", 2**63, "[1]", "{}", "null", "x", "")


def numbers(data: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name


def limits(model: type[BaseModel], path: str) -> list[float]:
    """The least and the most that a field allows, where it says so."""
    name, _, rest = path.partition(".")
    field = model.model_fields[name]
    if rest:
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        return limits(inner[0], rest) if inner else []
    ends = [getattr(part, end) for part in field.metadata for end in ("ge", "le") if hasattr(part, end)]
    return [end for end in ends if end is not None]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "trace.json"
    assert main(["trace", "--shape", "rnnt-mlperf", "--frames", "2", "--symbols", "1", "--out", str(path)]) == 0
    return path


@pytest.mark.parametrize("field", list(numbers(EDGE)))
def test_every_number_at_its_limits_ends_in_a_result_or_in_a_line(field: str) -> None:
    for value in limits(NnaConfig, field):
        with contextlib.suppress(NnasimError):
            simulate(TRACE, load_preset("edge256").with_({field: value}))


@pytest.mark.parametrize("field", ["clock_hz", "dram.bytes_per_second"])
@pytest.mark.parametrize("value", ABSURD)
def test_absurd_numbers_are_one_line(field: str, value: object, trace: Path, tmp_path: Path) -> None:
    attack("simulate", trace, "--out", tmp_path / "r.json", "--force", "--set", f"{field}={value}")


def test_figures_that_no_file_holds_are_one_line(trace: Path, tmp_path: Path) -> None:
    hot = ["--set", "energy.cpu_mw=[0,1e9,1e9]", "--set", "energy.rest_leakage_mw=[0,1e9,1e9]"]
    slow = ["--set", "host.handoff_us=1e9", "--set", "clock_hz=1"]
    attack("simulate", trace, "--out", tmp_path / "r.json", "--force", *hot, *slow)


def test_other_work_that_leaves_the_cpu_no_time_is_refused(trace: Path, tmp_path: Path) -> None:
    load = ("host.other_load_per_second=999999", "host.other_load_us=1", "host.float_matmul_gflops=1e-6")
    data = json.loads(trace.read_text())
    data["placement"] = {group: "cpu" for group in data["placement"]}
    trace.with_name("cpu.json").write_text(json.dumps(data))
    settings = [word for setting in load for word in ("--set", setting)]
    line = refused("simulate", trace.with_name("cpu.json"), "--out", tmp_path / "r.json", *settings)
    assert "pieces of other work wait for the CPU" in line


@pytest.mark.parametrize("name", ["edge256", *FAMILIES])
def test_other_work_that_comes_once_in_an_eternity_changes_nothing(name: str) -> None:
    """The cycles from one piece to the next are more than any float holds."""
    chip = load_preset(name)
    rare = chip.with_({"host.other_load_per_second": 5e-324, "host.other_load_us": 1})
    assert simulate(SMALL, rare).totals == simulate(SMALL, chip).totals


def _refusal(chip: NnaConfig, field: str, value: float) -> str:
    """The line with which a chip or its run is refused; "" where a file holds what came out."""
    try:
        json_text(simulate(SMALL, chip.with_({field: value})).model_dump(mode="json"))  # ValueError for NaN, infinity
    except NnasimError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("base", FAMILIES)
def test_every_field_of_every_family_is_refused_in_one_line_or_gives_finite_results(base: str) -> None:
    """Whatever number stands there: what is legal ends in a result that a file can hold."""
    chip = load_preset(base)
    for field in (*fields(), *(f"dram.parameters.{name}" for name in BankedParameters.model_fields)):
        for value in NUMBERS:
            line = _refusal(chip, field, value)
            assert len(line) < 2000, (field, value)
            assert line.isprintable(), (field, value)


def test_a_rate_that_takes_thousands_of_channels_is_refused() -> None:
    """One byte a second of each channel asked for 2^32 of them, each with its banks: all memory of the machine."""
    with pytest.raises(NnasimError, match=r"channel_bytes_per_second = 1: .*more than 1,024 channels"):
        load_preset("edge256_banked").with_({"dram.parameters.channel_bytes_per_second": 1})


def test_a_share_of_the_rate_costs_what_any_share_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fractions of hundreds of digits are taken once for each size of a turn, not once for each turn."""
    from nnasim.hardware.drams import controller

    sizes: list[int] = []
    accesses = controller.Controller._accesses_of_others

    def counted(self: controller.Controller, bytes: int) -> tuple[int, int]:
        sizes.extend([bytes] * (bytes not in self._parts))
        return accesses(self, bytes)

    monkeypatch.setattr(controller.Controller, "_accesses_of_others", counted)
    simulate(TRACE, load_preset("edge256_banked").with_({"dram.cpu_share": 1e-300}))
    assert len(sizes) == len(set(sizes)) > 0
