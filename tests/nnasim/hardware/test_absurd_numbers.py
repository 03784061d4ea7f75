"""Every number of a chip at both ends of what is allowed: a run ends, in a result or in one line."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from nnasim.cli.main import main
from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.pipeline import simulate
from tests.attack import attack, refused
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

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
