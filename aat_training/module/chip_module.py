"""An imported model as a torch module: a batch of streams, call after call, on the chip's own integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aat_training.module.operations import OPERATIONS
from aat_training.module.parameters import trained_parts
from aat_training.module.straight import WrittenOut
from aat_training.quant.rounding import Requantise
from nnasim.errors import ConfigError
from nnasim.ir.trace import Op, OpTrace
from nnasim.numerics.rescale import Rescale
from nnasim.reference import Reference
from nnasim.reference.computing import unit_of


class ChipModule(nn.Module):
    """``graph`` of ``trace``, batched: it computes what the chip computes, integer by integer.

    ``constants``: as in a weights file. Weights, biases and gains are trained; scales and tables stay as calibration
    chose them, so that the trace stays the same. Raises ConfigError for a graph that cannot be trained exactly.
    """

    def __init__(self, trace: OpTrace, constants: Mapping[str, NDArray[Any]], graph: str) -> None:
        super().__init__()
        _require_trainable(trace, graph)
        self.trace, self.ops, self.constants = trace, trace.graphs[graph].ops, constants
        self.reference = Reference(trace, constants)
        parts_by_name = trained_parts(trace, constants)
        self._names = {name: index for index, name in enumerate(parts_by_name)}
        self._parts = nn.ModuleList(parts_by_name.values())
        self._units: dict[str, WrittenOut] = {}

    def initial_states(self, batch: int) -> dict[str, Tensor]:
        """Every state before the first call: float64 (batch, *shape)."""
        return {
            name: torch.from_numpy(values.astype(np.float64)).expand(batch, *values.shape)
            for name, values in self.reference.initial.items()
        }

    def whole(self) -> dict[str, Tensor]:
        """The integers of everything that is trained, by tensor: rounded once for all calls of a step."""
        return {name: self._parts[index]() for name, index in self._names.items()}

    def forward(self, inputs: Mapping[str, Tensor], states: Mapping[str, Tensor], whole: Mapping[str, Tensor]) -> Call:
        """One call. ``inputs``: reals (batch, *shape) by tensor; ``states`` from the call before; ``whole()``."""
        call = Call(self, {**inputs, **states}, whole)
        for op in self.ops:
            call.run(op)
        return call

    def trained_constants(self) -> dict[str, NDArray[Any]]:
        """``constants`` with the integers that training has come to, each in its own type."""
        with torch.no_grad():
            trained = {name: values.numpy() for name, values in self.whole().items()}
        return {
            name: trained[name].astype(values.dtype) if name in trained else values
            for name, values in self.constants.items()
        }

    def unit(self, op: Op) -> WrittenOut:
        """The unit of ``op``, written out when first asked for."""
        if op.name not in self._units:
            self._units[op.name] = WrittenOut(unit_of(self.reference, op))
        return self._units[op.name]


class Call:
    """One call on a batch: every tensor by name, and the constants, scales and units that operations need."""

    def __init__(self, module: ChipModule, tensors: dict[str, Tensor], whole: Mapping[str, Tensor]) -> None:
        self.module, self.trace, self.constants = module, module.trace, module.constants
        self.numerics, self.scales = module.trace.numerics, module.reference.scales
        self._tensors, self._whole = tensors, whole
        self._batch = len(next(iter(tensors.values())))

    def flow(self, name: str) -> Tensor:
        """The value of a tensor: (batch, *shape); a constant is the same for the whole batch."""
        if name in self._whole:
            return self._whole[name].expand(self._batch, *self.trace.tensors[name].shape)
        return self._tensors[name]

    def constant(self, name: str) -> Tensor:
        """The integers of a weight, a bias or a gain, without a batch."""
        return self._whole[name]

    def run(self, op: Op) -> None:
        """Compute ``op``, and store its outputs."""
        values = OPERATIONS[op.kind](self, op)
        shapes = [self.trace.tensors[name].shape for name in op.outputs]
        if len(shapes) == 1:
            self._tensors[op.outputs[0]] = values.reshape(len(values), *shapes[0])
            return
        axis = (op.axis(len(shapes[0])) if op.kind == "split" else len(shapes[0]) - 1) + 1
        flat = values if values.ndim == len(shapes[0]) + 1 else values.flatten(1)
        sizes = [shape[axis - 1] for shape in shapes]
        for name, shape, part in zip(op.outputs, shapes, flat.split(sizes, axis), strict=True):
            self._tensors[name] = part.reshape(len(values), *shape)

    def bits(self, op: Op) -> int:
        """Bits of the integers that ``op`` makes."""
        return self.trace.tensors[op.outputs[0]].bits

    def rows(self, op: Op) -> tuple[Rescale, ...]:
        """The scales of ``op``. Raises TraceError if there are none."""
        return self.module.reference.rows(op)

    def requantised(self, values: Tensor, op: Op) -> Tensor:
        """``values`` through the one scale of ``op``."""
        out: Tensor = Requantise.apply(values, self.rows(op)[0], self.bits(op))
        return out

    def axis(self, op: Op, x: Tensor) -> int:
        """The axis of batched ``x`` along which ``op`` works."""
        return op.axis(x.ndim - 1) + 1

    def unit(self, op: Op) -> WrittenOut:
        """The unit of ``op``."""
        return self.module.unit(op)

    def states(self) -> dict[str, Tensor]:
        """The states for the next call."""
        return {name: self._tensors[name] for name in self.module.reference.initial}


def _require_trainable(trace: OpTrace, graph: str) -> None:
    if trace.numerics.overflow != "error":
        why = "must be error: a gradient cannot follow a sum that saturates or wraps"
        raise ConfigError("module", "numerics.overflow", trace.numerics.overflow, why)
    for op in trace.graphs[graph].ops:
        if op.kind == "host":
            why = "runs on the CPU in float; only what the chip computes can be trained for it"
            raise ConfigError("module", op.name, op.kind, why)
