"""The LSTM of TensorFlow Lite: whole, its states kept in tensors that survive a call."""

from __future__ import annotations

import numpy as np
import tflite

from workloads.importers.tflite_emission import Emission
from workloads.importers.tflite_file import FileOperator
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

# Places of its operands; gates in ONNX's order: input, output, forget, cell.
_X, _WEIGHTS, _RECURRENT, _BIASES = 0, (1, 4, 2, 3), (5, 8, 6, 7), (12, 15, 13, 14)
_PEEPHOLES, _PROJECTION, _PROJECTION_BIAS, _H, _C, _NORMS = (9, 10, 11), 16, 17, 18, 19, (20, 21, 22, 23)

LEAST_CLIP = 8.0
"""Beyond it tanh is 1 in float32, so that only the state is clipped, and not what the cell gives."""


def sequence_lstm(emission: Emission, operator: FileOperator) -> None:
    """Write an LSTM over (batch, time, inputs), or time first. A clipped cell is clipped between calls of one frame."""
    operands = (*operator.inputs, *(-1,) * 24)[:24]
    options = emission.options("UnidirectionalSequenceLSTMOptions")
    _check(operands, options)
    shape, time_first = emission.shape(operands[_X]), bool(options.TimeMajor())
    if len(shape) != 3 or shape[0 if not time_first else 1] != 1:
        raise CannotEnterError(f"runs over data of shape {shape}, not over frames of one stream")
    steps, width = shape[0 if time_first else 1], shape[2]
    if options.CellClip() and (steps > 1 or options.CellClip() < LEAST_CLIP):
        raise CannotEnterError("clips its cell state between frames", "give one frame a call, or export without a clip")
    x = emission.written(operands[_X])
    if not time_first:
        x = emission.reshape(x, (steps, 1, width), "frames")
    constants, units, seen = _constants(emission, operands, width)
    h, c = (_state(emission, operands[place], size, part) for place, size, part in ((_H, seen, "h"), (_C, units, "c")))
    inputs = [x, *constants[:3], "", h, c, *(["", constants[3]] if len(constants) > 3 else [])]
    shapes = {"all": (steps, 1, 1, seen), "h_next": (1, 1, seen), "c_next": (1, 1, units)}
    every, h, c = emission.several("LSTM", inputs, shapes, hidden_size=units)
    for value, index in ((every, operator.outputs[0]), (h, operands[_H]), (c, operands[_C])):
        emission.stored_as(value, index)
    if clip := float(options.CellClip()):
        bounds = [emission.real("low", -clip), emission.real("high", clip)]
        c = emission.helper("Clip", [c, *bounds], (1, 1, units), "clip")
    for place, value, size, part in ((_H, h, seen, "h"), (_C, c, units, "c")):
        emission.after[operands[place]] = emission.reshape(value, (1, size), f"{part}_kept")
    out = (*shape[:2], seen)
    emission.result("Reshape", [every, emission.integers("shape", out)], out)


def _check(operands: tuple[int, ...], options: object) -> None:
    """Raise CannotEnterError for a cell of another kind."""
    kinds = {"peepholes": _PEEPHOLES, "layer norms": _NORMS, "a bias of its projection": (_PROJECTION_BIAS,)}
    for kind, places in kinds.items():
        if any(operands[place] >= 0 for place in places):
            raise CannotEnterError(f"has {kind}", "export an LSTM of the usual kind")
    if any(operands[place] < 0 for place in (*_WEIGHTS, *_RECURRENT, *_BIASES)):
        raise CannotEnterError("couples its input gate to its forget gate", "export an LSTM of the usual kind")
    if options.FusedActivationFunction() != tflite.ActivationFunctionType.TANH:  # type: ignore[attr-defined]
        raise CannotEnterError("has another function than tanh")
    if options.ProjClip():  # type: ignore[attr-defined]
        raise CannotEnterError("clips its projection")


def _constants(emission: Emission, operands: tuple[int, ...], width: int) -> tuple[list[str], int, int]:
    """W (1, 4H, I), R (1, 4H, P), B (1, 8H), and the projection (1, P, H) if there is one; H, and P or H."""
    weights, recurrent, biases = (
        [_array(emission, operands[place]) for place in places] for places in (_WEIGHTS, _RECURRENT, _BIASES)
    )
    if biases[0].ndim != 1 or recurrent[0].ndim != 2:
        raise CannotEnterError("has weights of no matrix, or a bias of no vector")
    units, seen = biases[0].shape[0], recurrent[0].shape[1]
    projection = _array(emission, operands[_PROJECTION]) if operands[_PROJECTION] >= 0 else None
    wanted = {(units, width): weights, (units, seen): recurrent, (units,): biases}
    fits = all(array.shape == shape for shape, arrays in wanted.items() for array in arrays)
    if not fits or (projection.shape if projection is not None else (units, units)) != (seen, units):
        raise CannotEnterError(f"has weights that do not fit its {units} units")
    arrays = {
        "W": np.concatenate(weights)[None],
        "R": np.concatenate(recurrent)[None],
        "B": np.concatenate([*biases, np.zeros(4 * units, np.float32)])[None],
    }
    if projection is not None:
        arrays["P"] = projection[None]
    return [emission.own(name, array) for name, array in arrays.items()], units, seen


def _array(emission: Emission, index: int) -> Array:
    name = emission.written(index)
    if name not in emission.constants:
        raise CannotEnterError("has weights that are computed at each call", "export with constant weights")
    return emission.constants[name]


def _state(emission: Emission, index: int, size: int, part: str) -> str:
    """A state as the cell reads it."""
    tensor = emission.tensor(index)
    if not tensor.kept or emission.shape(index) != (1, size):
        raise CannotEnterError(
            f"reads its state from {tensor.name!r} of shape {tensor.shape}, which must be a variable of {(1, size)}"
        )
    return emission.reshape(emission.written(index), (1, 1, size), part)
