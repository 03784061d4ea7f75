"""The ranges that a quantised file holds already, in place of a calibration.

Each value's range is that of the file's own integers. The chip's zero is the integer 0 (but at a model's input), so a
value that the file stores between 0 and 255 steps, as after a ReLU, has steps of twice the size on the chip. A value
without a range in the file, as the inner ones of an LSTM, has the one that its operands' ranges give.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnasim.numerics.histogram import Histogram
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.integers.spans import Span, derived
from workloads.stepgraph.normal.normalise import normalised
from workloads.stepgraph.normal.rewriting import Normal


def stored_calibration(graph: StepGraph) -> Calibration | None:
    """The file's ranges as a calibration; None if it does not say enough of a real value of ``graph``."""
    tensors = {**graph.inputs, **graph.values}
    reals = {name for name, tensor in tensors.items() if tensor.dtype.startswith("float")}
    spans: Mapping[str, Span] = {name: affine.span for name, affine in graph.affine.items() if name in reals}
    spans = derived(Normal.of(graph), spans)
    if not spans or reals - spans.keys():
        return None
    histograms = {
        name: Histogram.of(np.array(span)) for name, span in derived(normalised(graph), spans, loosely=True).items()
    }
    return Calibration(histograms, "max", 0, "the file's own ranges")
