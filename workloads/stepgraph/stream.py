"""A model that is called again and again, in float: what a call leaves in its states, the next one finds there."""

from __future__ import annotations

from collections.abc import Mapping

from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.run import FloatRun, initial_states


class Stream:
    """Calls of ``graph`` in their order, whose inputs may depend on the results of earlier ones.

    ``run``: holds every value of the latest call.
    """

    def __init__(self, graph: StepGraph) -> None:
        self.graph, self.run = graph, FloatRun(graph)
        self.reset()

    def reset(self) -> None:
        """Put every state at its initial value."""
        self._states = initial_states(self.graph)

    def __call__(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """Outputs of the next call, states included; ``inputs``: all inputs that are no states."""
        outputs = self.run({**inputs, **self._states})
        self._states = {state.input: outputs[state.output] for state in self.graph.states}
        return outputs
