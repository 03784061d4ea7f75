"""The names in an ONNX file, by which settings for several files find the file that they are meant for."""

from __future__ import annotations

from pathlib import Path

from workloads.importers.onnx_file import parsed
from workloads.importers.onnx_graph import Reading
from workloads.stepgraph.concrete.raw import RawInput


def names_in(path: Path) -> frozenset[str]:
    """Names of inputs, of their open sizes, of outputs and of nodes. Raises FileError or ModelError."""
    model = Reading(parsed(path), path).raw()
    axes = (given.axes or () for given in model.inputs.values() if isinstance(given, RawInput))
    sizes = {axis for each in axes for axis in each if isinstance(axis, str) and axis}
    return frozenset({*model.inputs, *model.graph.outputs, *sizes, *(node.label for node in model.graph.nodes)})
