"""ONNX models that tests make, and what onnxruntime says of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from workloads.stepgraph.graph import Array

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
from onnx import helper  # noqa: E402


def value(name: str, array: Array) -> Any:
    """A declared input or output with the shape and type of ``array``."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def untyped(name: str) -> Any:
    """A declared output of which nothing is said."""
    return onnx.ValueInfoProto(name=name)


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Array],
    outputs: Sequence[str],
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
) -> Any:
    """A ModelProto of ``nodes``; ``inputs`` give shapes and types."""
    graph = helper.make_graph(
        nodes,
        "model",
        [value(name, array) for name, array in inputs.items()],
        [untyped(name) for name in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def onnxruntime_says(proto: Any, inputs: Mapping[str, Array]) -> list[Array]:
    """The outputs of a ModelProto."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(inputs))  # type: ignore[no-any-return]


def of_one_node(
    operator: str, operands: Sequence[Array | None], attributes: Mapping[str, Any], outputs: int = 1, opset: int = 17
) -> list[Array]:
    """What onnxruntime makes of one node whose operands all arrive as inputs."""
    names = [f"in{place}" if array is not None else "" for place, array in enumerate(operands)]
    inputs = {name: array for name, array in zip(names, operands, strict=True) if array is not None}
    results = [f"out{place}" for place in range(outputs)]
    node = helper.make_node(operator, names, results, **attributes)
    return onnxruntime_says(model([node], inputs, results, opset=opset), inputs)


def close(ours: Array, theirs: Array, within: float = 1e-5) -> None:
    """Assert one type, one shape, and a distance of at most ``within`` of the largest value."""
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    if np.issubdtype(ours.dtype, np.floating):
        finite = np.abs(theirs[np.isfinite(theirs)])
        np.testing.assert_allclose(ours, theirs, rtol=within, atol=within * float(finite.max(initial=1)))
    else:
        np.testing.assert_array_equal(ours, theirs)
