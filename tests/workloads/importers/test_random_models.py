"""Whatever the operands, attributes and options of one node are, its model enters, or is refused in one line."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("tflite", reason="tflite is not installed")

from nnasim.errors import NnasimError
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.importers.random_nodes import Nodes
from tests.workloads.importers.random_operators import Operators
from workloads.importers.onnx_reader import read_onnx
from workloads.importers.tflite_reader import read_tflite
from workloads.stepgraph.graph import StepGraph

EXAMPLES = int(os.environ.get("NNASIM_FUZZ_EXAMPLES", "1"))


def onnx_node(seed: str, folder: Path) -> StepGraph:
    path = folder / "model.onnx"
    path.write_bytes(Nodes(seed).model().SerializeToString())
    return read_onnx(path, states=())


def tflite_operator(seed: str, folder: Path) -> StepGraph:
    path = folder / "model.tflite"
    path.write_bytes(Operators(seed).file())
    return read_tflite(path)


@pytest.mark.parametrize(("read", "many"), [(onnx_node, 100), (tflite_operator, 200)], ids=["onnx", "tflite"])
@pytest.mark.parametrize("on_cpu", [(), ("*",)], ids=["chip", "cpu"])
@pytest.mark.parametrize("steps", [None, "random"], ids=["times", "noise"])
def test_no_node_meets_a_traceback_or_a_warning(
    read: Callable[[str, Path], StepGraph], many: int, steps: str | None, on_cpu: tuple[str, ...], tmp_path: Path
) -> None:
    """20,000 of all kinds found nothing when this was written."""
    entered = 0
    for number in range(many * EXAMPLES):
        seed = f"{steps} {on_cpu} {number}"
        try:
            graphs = {"model": read(seed, tmp_path)}
            import_graphs(graphs, When(period_ms=10, seconds=0.02), NumericsConfig(), steps=steps, on_cpu=on_cpu)
            entered += 1
        except NnasimError:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
    assert 0 < entered < many * EXAMPLES
