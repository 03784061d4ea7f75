"""A small recogniser's trace for the tests of the compiler."""

from collections.abc import Callable
from typing import Any

import pytest

from nnasim.ir.trace import OpTrace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SMALL = RnntShape(
    name="small", input_features=32, frame_ms=40, encoder_units=64, encoder_before=2, embedding=16,
    prediction_units=32, prediction_layers=1, joint_units=32, outputs=12,
)  # fmt: skip


@pytest.fixture
def small() -> Callable[..., OpTrace]:
    """A maker of traces of a 2 x 64 recogniser: ``small(system=..., frames=..., symbols=...)``."""

    def make(frames: int = 4, symbols: int = 2, **options: Any) -> OpTrace:
        return build_trace(SMALL, frames, symbols, **options)

    return make
