"""Steps of a calibration that no chip's integers can follow, and too many of them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from nnasim import limits
from nnasim.errors import InputError, NumericsError
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.small_onnx import SIZE, streaming
from workloads.importers.onnx_reader import read_onnx


def test_an_input_beyond_every_scale_is_refused_by_its_name(tmp_path: Path) -> None:
    path = streaming(tmp_path / "m.onnx")
    heard = {"x": np.full((10, 1, SIZE), 3e37, np.float32)}
    with pytest.raises(NumericsError, match=r"^m, x: shift = \d+: must be 2\.\.62$"):
        import_graphs({"m": read_onnx(path)}, When(period_ms=10, seconds=0.02), NumericsConfig(), steps=heard)


def test_more_steps_than_any_calibration_needs_are_refused(tmp_path: Path) -> None:
    """A hundred kilobytes of an .npz hold millions of zeros."""
    path = streaming(tmp_path / "m.onnx")
    heard = {"x": np.zeros((limits.MODEL_STEPS + 1, 1, SIZE), np.float32)}
    with pytest.raises(InputError, match="there are 400,001 steps, of which at most 400,000 are allowed"):
        import_graphs({"m": read_onnx(path)}, When(period_ms=10, seconds=0.02), NumericsConfig(), steps=heard)
