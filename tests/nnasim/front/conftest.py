"""A small trace on a small chip: the verbs of the front door are tried on it."""

import pytest

import nnasim
from nnasim.front.results import Result
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="<b>small</b>", input_features=32, frame_ms=40, encoder_units=64, encoder_before=1, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


@pytest.fixture(scope="session")
def chip() -> NnaConfig:
    return nnasim.preset("edge256").with_({"dram.bytes_per_second": 12e9, "host.handoff_us": 35})


@pytest.fixture(scope="session")
def trace(chip: NnaConfig) -> OpTrace:
    return nnasim.trace(SHAPE, frames=6, symbols=2, chip=chip)


@pytest.fixture(scope="session")
def result(trace: OpTrace, chip: NnaConfig) -> Result:
    return nnasim.simulate(trace, chip)
