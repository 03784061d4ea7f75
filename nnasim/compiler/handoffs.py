"""The unit that holds the current value of each tensor, and the crossings between CPU and NNA that follow."""

from __future__ import annotations

from nnasim.ir.operands import LASTING
from nnasim.ir.program import Holders
from nnasim.ir.trace import Op, OpTrace, Unit

OTHER: dict[Unit, Unit] = {"nna": "cpu", "cpu": "nna"}


class Ledger:
    """Tensors of which only one unit holds the current value.

    Modelling assumptions. A crossing is needed where an operation reads what only the other unit holds; it hands over
    everything that the other unit has made so far, so one crossing serves all later readers. The features (role
    ``input``) are made by the CPU for every call. Constants are where they are needed. With ``on_chip_decode``
    off, the CPU reads every argmax of the NNA and issues what follows: the token then is the CPU's.
    """

    def __init__(self, trace: OpTrace, entry: Holders) -> None:
        self.trace = trace
        self.alone: dict[Unit, dict[str, None]] = {"nna": {}, "cpu": {}}  # what each unit alone holds, in order
        for tensor, unit in entry:
            self._hold(tensor, unit)

    def holder(self, tensor: str) -> Unit | None:
        """The only unit that holds ``tensor``; None if both do."""
        return next((unit for unit, held in self.alone.items() if tensor in held), None)

    def _hold(self, tensor: str, only: Unit | None) -> None:
        for unit, held in self.alone.items():
            if unit == only:
                held[tensor] = None
            else:
                held.pop(tensor, None)

    def arrive(self, op: Op) -> None:
        """Note that the inputs of ``op`` that come from outside are with the CPU."""
        for tensor in op.inputs:
            if self.trace.tensors[tensor].role == "input" and self.holder(tensor) is None:
                self._hold(tensor, "cpu")

    def needs_crossing(self, op: Op, unit: Unit) -> bool:
        """Whether ``op`` on ``unit`` reads something that only the other unit holds."""
        elsewhere = self.alone[OTHER[unit]]
        return any(tensor in elsewhere for tensor in op.inputs)

    def cross(self, to: Unit) -> None:
        """Note that both units hold everything that only the other one held."""
        self.alone[OTHER[to]].clear()

    def show(self, op: Op) -> None:
        """Note that the view ``op`` is held by the holders of its tensor."""
        self._hold(op.outputs[0], self.holder(op.x))

    def make(self, op: Op, unit: Unit) -> None:
        """Note that ``op`` has run on ``unit``: only that unit holds its outputs."""
        for tensor in op.outputs:
            self._hold(tensor, unit)

    def exit(self) -> Holders:
        """The holders of values that outlive the call, in canonical order."""
        held = ((tensor, unit) for unit, tensors in self.alone.items() for tensor in tensors)
        return tuple(sorted((name, unit) for name, unit in held if self.trace.tensors[name].role in LASTING))


def result_tensors(trace: OpTrace) -> frozenset[str]:
    """Tensors that the host waits for at the end of a frame: every argmax, and what has the role ``output``."""
    chosen = {t for graph in trace.graphs.values() for op in graph.ops if op.kind == "argmax" for t in op.outputs}
    return frozenset(chosen | {name for name, spec in trace.tensors.items() if spec.role == "output"})


def result_is_on_nna(results: frozenset[str], holders: Holders) -> bool:
    """Whether a result of the frame stands in the NNA only, so that returning it costs a crossing."""
    return any(unit == "nna" and tensor in results for tensor, unit in holders)
