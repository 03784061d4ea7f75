"""What a chip has to represent between a model's own values is counted as these are."""

import numpy as np
import pytest

from tests.workloads.stepgraph.hand_made import Sheet
from workloads.stepgraph.integers.calibration import calibrate
from workloads.stepgraph.steps import checked_steps


def test_the_reciprocal_behind_a_division_has_a_range() -> None:
    sheet = Sheet(x=(1, 3), y=(1, 3))
    graph = sheet.graph(sheet.op("Div", "x", sheet.op("Exp", "y"), name="ratio"))
    arrays = {"x": np.ones((2, 1, 3), np.float32), "y": np.full((2, 1, 3), -1.0, np.float32)}
    calibration = calibrate(graph, checked_steps(arrays, graph, "test"))
    assert calibration.range("ratio.out.inverse", bits=16) == pytest.approx(np.e, rel=0.5)
    assert set(calibration.histograms) == {"x", "y", "ratio.out", "ratio.out.inverse"}
