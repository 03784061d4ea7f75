"""An activation unit of somebody else's package, named in a preset as any of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnasim.errors import ConfigError, NumericsError
from nnasim.hardware import load_preset
from nnasim.ir.io import write_record
from nnasim.numerics.activation import build_unit, unit_kind
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.numerics.config import NumericsConfig
from nnasim.records import validated
from nnasim.tensorfile import tensor_bytes
from tests.nnasim.functional.conftest import SHAPE, random_constants
from tests.nnasim.installed import install
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal
from workloads.rnnt.builder import build_trace

CODE = Path(__file__).with_name("rational_unit.py").read_text()
GATE = np.arange(-32768, 32768)


@pytest.fixture
def rational(tmp_path, monkeypatch) -> NumericsConfig:
    monkeypatch.syspath_prepend(install(tmp_path, "rational", CODE, {UNITS.group: "rational = RATIONAL"}))
    return NumericsConfig(activation="rational")


def test_it_is_built_and_computes_as_any_unit_in_numpy_and_torch(rational) -> None:
    quotient = np.floor(GATE * 2.0**14 / (np.abs(GATE) + 4096)).astype(np.int64)
    for function, expected in (("tanh", 2 * quotient), ("sigmoid", quotient + (1 << 14))):
        unit = build_unit(function, rational, in_scale=2.0**-12, table_range=8.0)
        for make in NUMPY_AND_TORCH:
            equal(unit(make(GATE)), expected)


def test_the_command_line_simulates_it_functionally(rational, tmp_path) -> None:
    trace = build_trace(SHAPE, 4, 2, numerics=rational)
    assert trace.tensors["enc0.sigmoid.table"].shape == (2,)
    (tmp_path / "t.json.safetensors").write_bytes(tensor_bytes(random_constants(trace, 1)))
    write_record(tmp_path / "t.json", trace.model_copy(update={"weights_file": "t.json.safetensors"}))
    words = ["simulate", "t.json", "--preset", "edge256", "--set", "numerics.activation=rational", "--functional"]
    done = subprocess.run(
        [sys.executable, "-m", "nnasim", *words, "--out", "r.json"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert "functional: 0 of 48 logits differ" in done.stdout


def test_every_name_is_listed_where_one_is_unknown(rational) -> None:
    assert UNITS.names == ["lut8", "lut16", "pwl", "plan", "hard", "none", "rational"]
    with pytest.raises(ConfigError, match=r"activation = 'rationale': must be 'lut8', .* 'none' or 'rational'"):
        validated(NumericsConfig, {"activation": "rationale"}, "edge256")
    with pytest.raises(ConfigError, match="activation = 8: must be 'lut8'"):
        validated(NumericsConfig, {"activation": 8}, "edge256")


def test_it_is_unknown_where_it_is_not_installed() -> None:
    with pytest.raises(ConfigError, match=r"'rational': must be 'lut8', .* 'hard' or 'none'"):
        load_preset("edge256", ["numerics.activation=rational"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1 / 0", "cannot be loaded: ZeroDivisionError"),
        ("UNIT = 7", "is 7, which has no apply"),
        ("from nnasim.numerics.activation_units.hard import HARD as UNIT", "must be a UnitKind of that name"),
    ],
)
def test_a_package_that_is_broken_is_named(tmp_path, monkeypatch, code, words) -> None:
    name = f"broken{abs(hash(code))}"
    monkeypatch.syspath_prepend(install(tmp_path, name, code, {UNITS.group: f"{name} = UNIT"}))
    with pytest.raises(
        NumericsError,
        match=rf"activation = '{name}': the entry point {name} of nnasim\.activation \({name} 1\.2\) {words}",
    ):
        unit_kind(name)


def test_it_is_the_worked_example_of_the_documents() -> None:
    pages = Path(__file__).parents[3].joinpath("docs").rglob("*.md")
    assert any(CODE in page.read_text() for page in pages)
