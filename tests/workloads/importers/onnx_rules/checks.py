"""One operator as a model: read, run, and compared with onnxruntime, both where it flows and where it is constant."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from tests.workloads.onnx_models import close, helper, model, onnx, onnxruntime_says
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import FloatRun

F = np.float32


def floats(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(F)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def read(proto: Any, **wishes: Any) -> StepGraph:
    """What the reader makes of a ModelProto."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        return read_onnx(path, **{"states": (), **wishes})


def of_node(
    operator: str,
    operands: Sequence[Array | None],
    constants: Sequence[int] = (),
    outputs: int = 1,
    opset: int = 17,
    **attributes: Any,
) -> tuple[Any, dict[str, Array]]:
    """A model of one node, and what arrives at it; ``constants``: the places of operands that stand in the file."""
    names = ["" if array is None else f"in{place}" for place, array in enumerate(operands)]
    named = {name: array for name, array in zip(names, operands, strict=True) if array is not None}
    held = {names[place]: named.pop(names[place]) for place in constants if names[place]}
    results = [f"out{place}" for place in range(outputs)]
    node = helper.make_node(operator, names, results, name="node", **attributes)
    return model([node], named, results, held, opset), named


def agree(
    operator: str,
    *operands: Array | None,
    constants: Sequence[int] = (),
    outputs: int = 1,
    opset: int = 17,
    within: float = 1e-5,
    folds: bool = True,
    **attributes: Any,
) -> StepGraph:
    """Assert that the node computes what onnxruntime computes, also where all of it is constant; returns its graph."""
    proto, inputs = of_node(operator, operands, constants, outputs, opset, **attributes)
    expected = onnxruntime_says(proto, inputs)
    graph = read(proto)
    values = FloatRun(graph)(inputs)
    for name, theirs in zip(graph.outputs, expected, strict=True):
        close(values[name], theirs, within)
    if folds:
        all_places = [place for place, array in enumerate(operands) if array is not None]
        folded = read(of_node(operator, operands, all_places, outputs, opset, **attributes)[0])
        assert not folded.nodes
        for name, theirs in zip(folded.outputs, expected, strict=True):
            close(folded.constants[name], theirs, within)
    return graph


def refused(operator: str, *operands: Array | None, constants: Sequence[int] = (), **given: Any) -> str:
    """Why the node is refused."""
    with pytest.raises(RefusedModelError) as error:
        read(of_node(operator, operands, constants, **given)[0])
    (refusal,) = error.value.refusals
    return refusal.why


def operators(graph: StepGraph) -> list[str]:
    return [node.operator for node in graph.nodes]


def tensor(array: Array, name: str = "") -> Any:
    return onnx.numpy_helper.from_array(array, name)
