"""The integers of a recogniser under the names of its op graphs, for the reference and the functional chip."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from aat_training.devices import numpy_of
from aat_training.model.rnnt import LINEAR, Rnnt
from aat_training.quant.chip_arithmetic import ChipArithmetic
from aat_training.quant.lstm_kernel import NORMS
from nnasim.numerics.activation import ActivationUnit
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.rescale import Rescale


def rescale_rows(*scales: Rescale) -> np.ndarray:
    """Scales as rows (mult, shift), int64 (n, 2)."""
    rows = [np.stack(np.broadcast_arrays(np.atleast_1d(s.mult), np.atleast_1d(s.shift)), axis=-1) for s in scales]
    return np.concatenate(rows).astype(np.int64)


def _integers(x: Tensor) -> np.ndarray:
    values = numpy_of(x.detach().double())
    small = np.abs(values).max(initial=0) <= 127
    return values.astype(np.int8 if small else np.int32)


def _unit(name: str, unit: ActivationUnit, numerics: NumericsConfig) -> dict[str, np.ndarray]:
    constants = unit.kind.joined(unit.data, numerics)
    table = {} if constants is None else {f"{name}.table": constants.astype(np.int32)}
    scales = (unit.entry,) if unit.exit is None else (unit.entry, unit.exit)
    return table | {f"{name}.rescale": rescale_rows(*scales)}


def _lstm(model: Rnnt, chip: ChipArithmetic, name: str) -> dict[str, np.ndarray]:
    weights, cell = chip.frozen_weights(model.recurrent(name)), chip.scheme.cells[name]
    constants = {
        f"{name}.wx": _integers(weights.w_x),
        f"{name}.wh": _integers(weights.w_h),
        f"{name}.x.bias": _integers(weights.bias).astype(np.int32),
        f"{name}.x.rq.rescale": rescale_rows(weights.scale_x.requant),
        f"{name}.h_mm.rq.rescale": rescale_rows(weights.scale_h.requant),
        f"{name}.forget.rescale": rescale_rows(cell.keep),
        f"{name}.input.rescale": rescale_rows(cell.update),
        f"{name}.cell.rescale": rescale_rows(cell.cell),
        f"{name}.output.rescale": rescale_rows(cell.output),
    }
    for norm, gain in zip(NORMS, (weights.gain_x, weights.gain_h), strict=True):
        if gain is not None:
            constants[f"{name}.{norm}.gain"] = numpy_of(gain.integers).astype(np.int32)
    for function in ("sigmoid", "tanh", "tanh_c"):
        constants |= _unit(f"{name}.{function}", getattr(cell, function), chip.numerics)
    return constants


def _linear(model: Rnnt, chip: ChipArithmetic, name: str) -> dict[str, np.ndarray]:
    layer = model.linear(name)
    weights, op = chip.linear(layer), layer.product
    constants = {f"{name}.w": _integers(weights.weight), f"{op}.rq.rescale": rescale_rows(weights.scale.requant)}
    return constants if weights.bias is None else constants | {f"{op}.bias": _integers(weights.bias).astype(np.int32)}


def constants_of(model: Rnnt) -> dict[str, np.ndarray]:
    """Weights, biases, tables and ``OP.rescale`` rows of a model that runs in the chip's arithmetic."""
    chip = model.arithmetic
    assert isinstance(chip, ChipArithmetic)
    constants = {
        "embedding.w": _integers(chip.embedding_rows(model)),
        "enc.quantise.rescale": rescale_rows(chip.scheme.input_scale),
        **_unit("joint.tanh", chip.scheme.joint.tanh, chip.numerics),
    }
    for name in model.recurrent_names:
        constants |= _lstm(model, chip, name)
    for name in LINEAR:
        constants |= _linear(model, chip, name)
    return constants
