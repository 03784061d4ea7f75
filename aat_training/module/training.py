"""Training a module that is not ours for a chip: imported by calibration, then trained on with the chip's operators.

Forward is the chip's arithmetic, backward goes straight through its roundings, as for our own recogniser. What is
trained are the reals behind the integers; ranges and tables stay as calibration chose them, so trace and cycles do too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from aat_training.config import TrainConfig
from aat_training.module.chip_module import ChipModule
from aat_training.module.streams import Heard, calls_in_a_row, streams_of
from aat_training.trainer import one_cycle
from nnasim.errors import ConfigError, SimulationError
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method
from nnasim.progress import Progress, silent
from workloads.stepgraph.decoding.calls import periodic
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.importing import ModelImport, calibrated_on, imported, model_of
from workloads.stepgraph.lowering.lowering import to_trace

GRAPH = "step"
CALIBRATION_BATCHES = 4
LARGEST_NORM = 1.0  # of a gradient: Adam divides by its usual size, so only a step far above the others is limited

Loss = Callable[[Any, Any], Tensor]
Batches = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class Schedule:
    """``steps`` batches; ``learning_rate``: of Adam at its peak, in integers of a weight per step."""

    steps: int = 300
    learning_rate: float = 0.25
    seed: int = 0

    @property
    def run(self) -> TrainConfig:
        """The configuration that the one-cycle learning rate follows."""
        return TrainConfig(
            steps=self.steps, batch=1, learning_rate=self.learning_rate, evaluate_every=self.steps
        )  # type: ignore[call-arg]  # fmt: skip


class StreamedModule:
    """The model on the chip's integers as a function of streams: reals in, reals out."""

    def __init__(self, graph: StepGraph, trained: ChipModule, worths: Mapping[str, tuple[str, float]]) -> None:
        self.graph, self.trained, self.worths = graph, trained, worths

    def __call__(self, heard: Heard) -> Any:
        """The outputs of every call, (streams, calls, *shape) float64: a tensor, or tensors by name if there are
        several.
        """
        streams, calls = next(iter(heard.values())).shape[:2]
        states, whole = self.trained.initial_states(streams), self.trained.whole()
        made: dict[str, list[Tensor]] = {name: [] for name in self.worths}
        shapes = {name: self.trained.trace.tensors[name].shape for name in heard}
        for call in range(calls):
            arrived = {name: values[:, call].reshape(streams, *shapes[name]) for name, values in heard.items()}
            done = self.trained(arrived, states, whole)
            states = done.states()
            for name, (tensor, worth) in self.worths.items():
                made[name].append(done.flow(tensor) * worth)
        outputs = {name: self._shaped(name, torch.stack(values, 1)) for name, values in made.items()}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def _shaped(self, name: str, values: Tensor) -> Tensor:
        """The values in the shape of the module's own output, without a leading axis of one stream."""
        shape = self.graph.tensor(name).shape
        return values.reshape(*values.shape[:2], *(shape[1:] if shape and shape[0] == 1 else shape))


@dataclass(frozen=True, eq=False)
class Trained:
    """A model trained for a chip. ``losses``: of every step; ``before``: the import that it began with, by calibration.

    ``streamed``: the model on the chip's integers, to be evaluated; ``constants``: these integers.
    """

    before: ModelImport
    streamed: StreamedModule
    constants: Mapping[str, NDArray[Any]]
    losses: tuple[float, ...]

    @property
    def trace(self) -> OpTrace:
        """The trace, the same before and after."""
        return self.before.trace


def train_graph(
    graph: StepGraph, data: Batches, loss: Loss, numerics: NumericsConfig, schedule: Schedule, *,
    period_ms: float = 10.0, method: Method = "mse", progress: Progress = silent,
) -> Trained:  # fmt: skip
    """``graph`` imported, calibrated on the first batches of ``data``, and then trained for ``numerics``.

    ``data``: (inputs, target) again and again, from the start whenever it ends; inputs as ``streams_of`` takes them.
    ``loss``: (outputs, target) -> scalar; outputs (streams, calls, *shape) float64. ``period_ms``: between two calls.

    Raises InputError for data that does not fit, RefusedModelError for a node that cannot enter, ConfigError for what
    cannot be trained exactly, SimulationError where the loss becomes infinite.
    """
    torch.manual_seed(schedule.seed)
    first = [streams_of(inputs, graph, "data") for inputs, _ in islice(_for_ever(data), CALIBRATION_BATCHES)]
    streamed, before = _on_chip(graph, first, numerics, period_ms, method)
    optimizer = torch.optim.Adam(streamed.trained.parameters(), lr=schedule.learning_rate)
    losses: list[float] = []
    for step, (inputs, target) in enumerate(islice(_for_ever(data), schedule.steps)):
        for group in optimizer.param_groups:
            group["lr"] = one_cycle(step, schedule.run)
        optimizer.zero_grad()
        current = loss(streamed(streams_of(inputs, graph, "data")), target)
        current.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(streamed.trained.parameters(), LARGEST_NORM)
        if not bool(torch.isfinite(norm)):
            raise SimulationError(f"training diverged at step {step}: the gradient is not finite")
        optimizer.step()
        losses.append(float(current.detach()))
        progress("training", step + 1, schedule.steps, f"loss {losses[-1]:.3f}")
    return Trained(before, streamed, streamed.trained.trained_constants(), tuple(losses))


def _for_ever(data: Batches) -> Iterator[tuple[Any, Any]]:
    """All of ``data``, again and again. Raises ConfigError if a pass over it gives nothing."""
    while True:
        is_empty = True
        for pair in data:
            is_empty = False
            yield pair
        if is_empty:
            allowed = "must give at least one (inputs, target) in every pass: a list or a DataLoader"
            raise ConfigError("data", "batches", 0, allowed)


def _on_chip(
    graph: StepGraph, first: Sequence[Heard], numerics: NumericsConfig, period_ms: float, method: Method
) -> tuple[StreamedModule, ModelImport]:
    model = model_of({GRAPH: graph}, graph.name)
    calibrated = calibrated_on(model, calls_in_a_row(first, graph), "data", method)
    calls = next(iter(first[0].values())).shape[1]
    when = periodic([GRAPH], period_ms, calls * period_ms / 1e3)
    before = imported(model, numerics, when, calibrated=calibrated)
    if (described := before.trace.imported) is not None and described.claim == "time only":
        raise ConfigError("chip", "numerics.activation", numerics.activation, f"cannot be trained: {described.reason}")
    lowered = to_trace(model.graphs, when.utterances, numerics, calibration=calibrated.calibrations)
    scales, kept = lowered.scales, {state.output for state in graph.states}
    assert scales is not None
    shown = [name for name in graph.outputs if name not in kept] or list(graph.outputs)
    wires = {name: lowered.wires[GRAPH, name] for name in shown}
    worths = {name: (wire.tensor, scales.step(wire)) for name, wire in wires.items()}
    return StreamedModule(graph, ChipModule(before.trace, before.constants, GRAPH), worths), before


def streamed_with(trained: Trained, constants: Mapping[str, NDArray[Any]], heard: Heard) -> Any:
    """Outputs of the model with other integers, of the same trace: see ``StreamedModule``."""
    streamed = trained.streamed
    module = ChipModule(trained.trace, constants, GRAPH)
    with torch.no_grad():
        return StreamedModule(streamed.graph, module, streamed.worths)(heard)
