import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.sweeps.job import Job, load_job
from nnasim.sweeps.space import Space
from nnasim.sweeps.spec import read_sweep_file

TINY_SHAPE = """
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
TRACE = {"shape": "tiny.yaml", "frames": 6, "symbols": 2}
STUDY = {
    "base": "edge256",
    "traces": [TRACE],
    "axes": {
        "dram.bytes_per_second": {"logrange": [1.0e9, 4.0e9, 3]},
        "host.handoff_us": {"list": [5, 20]},
    },
    "objectives": ["engine_latency_ms.p90", "energy_mj"],
}

WriteStudy = Callable[..., Path]


@pytest.fixture
def write_study(tmp_path: Path) -> WriteStudy:
    """Writes a study of a tiny recogniser; keyword arguments replace its parts, None drops one. JSON is YAML too."""
    (tmp_path / "tiny.yaml").write_text(TINY_SHAPE)
    (tmp_path / "bare.yaml").write_text("extends: edge256\nenergy: null\narea: null\n")

    def write(**changes: object) -> Path:
        data = {name: value for name, value in {**STUDY, **changes}.items() if value is not None}
        path = tmp_path / "study.yaml"
        path.write_text(json.dumps(data))  # in this order: that of axes matters
        return path

    return write


@pytest.fixture
def load(write_study: WriteStudy) -> Callable[..., tuple[Job, Space]]:
    """The job and the space of such a study."""

    def make(**changes: object) -> tuple[Job, Space]:
        path = write_study(**changes)
        job = load_job(read_sweep_file(path), path)
        return job, Space(job, path)

    return make
