"""Studies and `nnasim bench` at work that takes seconds: what they write is real."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from nnasim.cli.main import main
from nnasim.studies.latency.study import StudyInputs
from nnasim.studies.speed.study import SpeedInputs
from tests.fuzz.commands import DELAYS, NUMERICS


def make_models() -> None:
    """Write the folders of models that studies read into the working directory, that of the seeds."""
    for system, folder in (("float", "checkpoint"), ("aat", "chip")):
        shutil.copytree(folder, f"systems/{system}")
    for line, models in ((NUMERICS, "numerics"), (DELAYS, "delays")):
        assert main([*line.split(), "--models", models, "--out", "study", "--quiet"]) == 0
        shutil.rmtree("study")


def make_work_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One chip and no further sizes for the study of latency, ten frames for `bench`."""
    one = partial(
        StudyInputs, beam_systems=(), shapes={}, handoffs_us=(5.0,), bandwidths=(1e9,), pieces=(1,), efficiencies=(0.8,)
    )
    monkeypatch.setattr("nnasim.studies.latency.study.StudyInputs", one)
    monkeypatch.setattr("nnasim.studies.speed.study.SpeedInputs", partial(SpeedInputs, frames=10))
