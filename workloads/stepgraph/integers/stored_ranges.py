"""The ranges that a quantised file holds already, in place of a calibration.

Each value's range is what the file's own integers can hold. The chip's zero is the integer 0 (but at a model's input),
so a value that the file stores between 0 and 255 steps, as behind a ReLU, has steps of twice the size on the chip.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnasim.numerics.histogram import Histogram
from workloads.stepgraph.affine import Affine
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.integers.calibration import Calibration

_MOVES = ("Reshape", "Transpose", "Slice", "Split", "Expand", "Concat", "Pad")


def stored_calibration(graph: StepGraph) -> Calibration | None:
    """The file's ranges as a calibration; None where a real value of ``graph`` has none."""
    affine = _with_moved(graph)
    tensors = {**graph.inputs, **graph.values}
    reals = [name for name, tensor in tensors.items() if tensor.dtype.startswith("float")]
    if not affine or any(name not in affine for name in reals):
        return None
    histograms = {name: Histogram.of(np.array(affine[name].span)) for name in reals}
    return Calibration(histograms, "max", 0, "the file's own ranges")


def _with_moved(graph: StepGraph) -> Mapping[str, Affine]:
    """How the file stores its values, and with them those that only move elements of such a value."""
    affine = dict(graph.affine)
    for node in graph.nodes:
        if node.operator in _MOVES and node.inputs[0] in affine:
            for name in node.outputs:
                affine.setdefault(name, affine[node.inputs[0]])
    return affine
