"""A sweep file over a package's MAC array, DRAM and objective, from the command line, in its worker processes too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from nnasim.errors import ConfigError
from nnasim.sweeps.evaluate import Evaluator
from nnasim.sweeps.job import load_job
from nnasim.sweeps.spec import read_sweep_file

SHAPE = """
input_features: 24
frame_ms: 30
encoder_units: 16
encoder_before: 2
embedding: 8
prediction_units: 16
prediction_layers: 1
joint_units: 16
outputs: 12
"""
STUDY = {
    "base": "edge256",
    "traces": [{"shape": "tiny.yaml", "frames": 6, "symbols": 2}],
    "set": {"dram.model": "refreshing", "mac_array.decoded_weights_per_cycle": None},
    "axes": {
        "mac_array.kind": {"list": ["systolic", "outer_product"]},
        "dram.parameters.refresh_ns": {"range": [100, 900, 2]},
    },
    "objectives": ["energy_delay", "rtf"],
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(SHAPE)
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(STUDY))
    return path


def test_the_command_sweeps_over_what_packages_add(study: Path, packages: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(packages), str(Path(__file__).parents[3])])
    for command in (f"sweep {study} --store s.sqlite --jobs 2", "sweep-export s.sqlite --out points.csv"):
        done = subprocess.run(
            [sys.executable, "-m", "nnasim", *command.split()], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    points = pd.read_csv(tmp_path / "points.csv")
    assert len(points) == 4
    assert (points["energy_delay"] > 0).all()
    assert points["energy_delay"].nunique() == 4


@pytest.mark.usefixtures("installed")
def test_a_points_key_names_the_packages_that_its_figures_hang_on(study: Path) -> None:
    job = load_job(read_sweep_file(study), study)
    values = {"mac_array.kind": "outer_product", "dram.parameters.refresh_ns": 100.0}
    assert job.packages(job.chip(values)) == {
        "nnasim.mac_arrays outer_product": "outer_product 1.2",
        "nnasim.drams refreshing": "refreshing 1.2",
        "nnasim.objectives energy_delay": "energy_delay 1.2",
    }
    figures = Evaluator(job).figures(values)
    assert figures["energy_delay"] > 0


def test_an_objective_that_nobody_gave_is_refused_with_all_that_are_known(study: Path, installed: None) -> None:
    study.write_text(json.dumps({**STUDY, "objectives": ["energy_dely"]}))
    with pytest.raises(ConfigError, match=r"objectives = 'energy_dely': known are engine_latency.*, wer, energy_delay"):
        load_job(read_sweep_file(study), study)


@pytest.mark.parametrize(
    ("figure", "why"),
    [
        ("1 / 0", "objective odd: ZeroDivisionError: division by zero"),
        ("'fast'", "objective odd: ValueError: could not convert string to float: 'fast'"),
        ("[1]", "objective odd: TypeError: float() argument must be a string or a real number, not 'list'"),
        ("float('nan')", "objective odd = nan: must be a number of at most 1e100"),
    ],
)
def test_an_objective_that_fails_is_named_at_its_points(
    figure: str, why: str, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnasim.sweeps.objectives import ADDED
    from tests.nnasim.installed import install

    code = (
        f"from nnasim.sweeps.objectives import Objective\nODD = Objective('', 'odd', lambda results, chip: {figure})\n"
    )
    package = f"odd_package_{abs(hash(figure))}"
    monkeypatch.syspath_prepend(install(tmp_path, package, code, {"nnasim.objectives": "odd = ODD"}))
    monkeypatch.setattr(ADDED, "_loaded", {})
    plain = {"set": {}, "axes": {"host.handoff_us": {"list": [1, 2]}}, "objectives": ["odd"]}
    study.write_text(json.dumps({**STUDY, **plain}))
    outcome = Evaluator(load_job(read_sweep_file(study), study)).outcome("key", {"host.handoff_us": 1.0})
    assert outcome.figures is None
    assert outcome.message == why
