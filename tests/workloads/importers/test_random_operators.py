"""Whatever the tensors and options of an operator of TensorFlow Lite are, it enters, or is refused in one line."""

import os
from pathlib import Path

import pytest

pytest.importorskip("tflite", reason="tflite is not installed")

from nnasim.errors import NnasimError
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.importers.random_operators import Operators
from workloads.importers.tflite_reader import read_tflite

MANY = int(os.environ.get("NNASIM_FUZZ_EXAMPLES", "1")) * 200


@pytest.mark.parametrize("on_cpu", [(), ("*",)], ids=["chip", "cpu"])
@pytest.mark.parametrize("steps", [None, "random"], ids=["times", "noise"])
def test_no_operator_meets_a_traceback_or_a_warning(steps: str | None, on_cpu: tuple[str, ...], tmp_path: Path) -> None:
    path, entered = tmp_path / "model.tflite", 0
    for number in range(MANY):
        path.write_bytes(Operators(f"{steps} {on_cpu} {number}").file())
        try:
            graphs = {"model": read_tflite(path)}
            import_graphs(graphs, When(period_ms=10, seconds=0.02), NumericsConfig(), steps=steps, on_cpu=on_cpu)
            entered += 1
        except NnasimError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {steps} {on_cpu} {number}") from error
    assert 0 < entered < MANY
