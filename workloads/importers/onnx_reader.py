"""Reading an ONNX file: one call of the model in it as a StepGraph."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from workloads.importers.onnx_file import parsed
from workloads.importers.onnx_graph import Reading
from workloads.importers.onnx_rules.table import ONNX
from workloads.stepgraph.concrete.binding import Bindings, Shapes
from workloads.stepgraph.concrete.concrete import Wishes, made_concrete
from workloads.stepgraph.concrete.states import Pair
from workloads.stepgraph.graph import StepGraph


def read_onnx(
    path: str | Path,
    shapes: Shapes | None = None,
    bind: Bindings | None = None,
    states: Iterable[str | Pair] | None = None,
    keep_state: Collection[str] = (),
) -> StepGraph:
    """One call of the model in the file at ``path``.

    - ``shapes``: sizes of axes that the file leaves open, by input.
    - ``bind``: inputs that are one constant, as ``{"sr": 16000}``, and sizes of open axes by their names.
    - ``states``: the output of a call that is an input of the next, as "IN:OUT", where a * stands for the same part of
      both; None proposes those whose names suggest it.
    - ``keep_state``: names of recurrent layers that start from a constant at each call in the file, and are to continue
      instead.

    Raises RefusedModelError with every node that cannot enter, and FileError and ModelError for a file that is not an
    ONNX model, is cut off, or declares more than a model does.
    """
    path = Path(path)
    model = Reading(parsed(path), path).raw()
    return made_concrete(model, path, Wishes(shapes or {}, bind or {}, states, keep_state), ONNX)
