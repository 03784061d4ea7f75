"""Who holds the current value of each tensor, and where a crossing between CPU and NNA is therefore needed."""

from __future__ import annotations

from nnasim.ir.program import Holders
from nnasim.ir.trace import Op, OpTrace, Unit


class Ledger:
    """Tensors of which only one unit holds the current value.

    Modelling assumptions. A crossing is needed where an operation reads what only the other unit holds; it hands over
    everything that the other unit has made so far, so one crossing serves all later readers. The features (role
    ``input``) are made by the CPU for every invocation. Constants are where they are needed. With ``on_chip_decode``
    off, the CPU reads every argmax of the NNA and issues what follows: the token then is the CPU's.
    """

    def __init__(self, trace: OpTrace, entry: Holders) -> None:
        self.trace = trace
        self.only: dict[str, Unit] = dict(entry)

    def arrive(self, op: Op) -> None:
        """The inputs of ``op`` that come from outside are with the CPU."""
        for tensor in op.inputs:
            if self.trace.tensors[tensor].role == "input":
                self.only.setdefault(tensor, "cpu")

    def needs_crossing(self, op: Op, unit: Unit) -> bool:
        """Whether ``op`` on ``unit`` reads something that only the other unit holds."""
        return any(self.only.get(tensor, unit) != unit for tensor in op.inputs)

    def cross(self, to: Unit) -> None:
        """Everything that the other unit alone held is held by both."""
        self.only = {tensor: unit for tensor, unit in self.only.items() if unit == to}

    def show(self, op: Op) -> None:
        """The view ``op`` is held by whoever holds what it shows."""
        holder, view = self.only.get(op.x), op.outputs[0]
        if holder is None:
            self.only.pop(view, None)
        else:
            self.only[view] = holder

    def make(self, op: Op, unit: Unit) -> None:
        """``op`` has run on ``unit``: only that unit holds its outputs."""
        self.only.update(dict.fromkeys(op.outputs, unit))

    def exit(self) -> Holders:
        """What outlives the invocation, in canonical order."""
        lasting = ("state", "output")
        return tuple(
            sorted((name, unit) for name, unit in self.only.items() if self.trace.tensors[name].role in lasting)
        )


def result_tensors(trace: OpTrace) -> frozenset[str]:
    """Tensors that the host waits for at the end of a frame: every argmax, and what has the role ``output``."""
    chosen = {t for graph in trace.graphs.values() for op in graph.ops if op.kind == "argmax" for t in op.outputs}
    return frozenset(chosen | {name for name, spec in trace.tensors.items() if spec.role == "output"})


def result_is_on_nna(results: frozenset[str], holders: Holders) -> bool:
    """Whether a result of the frame stands in the NNA only, so that returning it costs a crossing."""
    return any(unit == "nna" and tensor in results for tensor, unit in holders)
