"""Calibration: the values of a model on calibration steps, and the integer steps chosen from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnasim.errors import InputError
from nnasim.numerics.histogram import Histogram, Method
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.integers.between import Between
from workloads.stepgraph.integers.inner_values import RECURRENT, inner_values
from workloads.stepgraph.run import FloatRun, each_step
from workloads.stepgraph.steps import Steps


@dataclass(frozen=True, eq=False)
class Calibration:
    """The ranges of a graph's values, as calibration found them.

    ``histograms``: of every real value of a graph, inputs and states included; ``calls``: how many were run.

    ``source``: the inputs; ``is_random``: whether they were noise, which serves questions of time only.
    """

    histograms: Mapping[str, Histogram]
    method: Method
    calls: int
    source: str
    is_random: bool = False

    def histogram(self, *names: str) -> Histogram:
        """The histogram of the values ``names`` together, which share one step."""
        first, *others = (self.histograms[name] for name in names)
        return sum(others, first)

    def range(self, *names: str, bits: int) -> float:
        """R of the format [-R, R) of ``bits`` that the values ``names`` share."""
        return self.histogram(*names).range(self.method, bits)

    def step(self, *names: str, bits: int) -> float:
        """Worth of one integer of ``bits`` that stands for the values ``names``."""
        return self.range(*names, bits=bits) / (1 << (bits - 1))


class Watch:
    """Counts the values of one graph, call by call, and those between them that a chip has to represent too."""

    def __init__(self, graph: StepGraph) -> None:
        self.graph, self.calls = graph, 0
        self._histograms: dict[str, Histogram] = {}
        self._between = Between(graph)
        self._real = [name for name in self._between.represented if np.dtype(graph.tensor(name).dtype).kind == "f"]
        self._recurrent = [node for node in graph.nodes if node.operator in RECURRENT]

    def see(self, run: FloatRun, source: str) -> None:
        """Count the values of the latest call.

        Raises InputError, which names ``source``, if one of them is not finite.
        """
        for name in self._real:
            self._count(name, run.values[name], source)
        for node in self._recurrent:
            operands = [run.value(name) if name else None for name in node.inputs]
            for name, values in inner_values(node, operands):
                self._count(name, values, source)
        for name, values in self._between.values(run):
            self._count(name, values, source)
        self.calls += 1

    def _count(self, name: str, values: Array, source: str) -> None:
        if not math.isfinite(float(np.abs(values).max(initial=0.0))):
            raise InputError(source, f"step {self.calls}", name, "becomes NaN or infinity, so it has no range")
        counted = self._histograms.get(name)
        self._histograms[name] = Histogram.of(values) if counted is None else counted.with_values(values)

    def calibration(self, method: Method, steps: Steps) -> Calibration:
        """The calibration from the counts of ``steps``."""
        return Calibration(self._histograms, method, self.calls, steps.source, steps.is_random)


def calibrate(graph: StepGraph, steps: Steps, method: Method = "mse", *, hold_out: bool = False) -> Calibration:
    """The counts of the values that ``graph`` takes in float over ``steps``, from its initial states on.

    ``hold_out``: count none of the calls that ``steps`` hold out. Raises InputError if a value becomes NaN or
    infinite.
    """
    watch = Watch(graph)
    for number, run in enumerate(each_step(graph, steps.arrays)):
        if not (hold_out and steps.is_held_out(number)):
            watch.see(run, steps.source)
    return watch.calibration(method, steps)
