"""Whatever the operands and attributes of a node are, it enters, or is refused in one line."""

import os
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from nnasim.errors import NnasimError
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.importers.random_nodes import Nodes
from workloads.importers.onnx_reader import read_onnx

MANY = int(os.environ.get("NNASIM_FUZZ_EXAMPLES", "1")) * 100
"""Of each kind of import: 20,000 of all kinds found nothing when this was written."""


@pytest.mark.parametrize("on_cpu", [(), ("*",)], ids=["chip", "cpu"])
@pytest.mark.parametrize("steps", [None, "random"], ids=["times", "noise"])
def test_no_node_is_met_by_a_traceback_or_a_warning(steps: str | None, on_cpu: tuple[str, ...], tmp_path: Path) -> None:
    path, entered = tmp_path / "model.onnx", 0
    for number in range(MANY):
        path.write_bytes(Nodes(f"{steps} {on_cpu} {number}").model().SerializeToString())
        try:
            graphs = {"model": read_onnx(path, states=())}
            import_graphs(graphs, When(period_ms=10, seconds=0.02), NumericsConfig(), steps=steps, on_cpu=on_cpu)
            entered += 1
        except NnasimError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {steps} {on_cpu} {number}") from error
    assert 0 < entered < MANY
