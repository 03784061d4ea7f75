"""``nnasim.train_module``: training of any torch module with a chip's own operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nnasim.front.arguments import ChipLike, FilePath, checked
from nnasim.front.chips import chip_of
from nnasim.front.needs import training_extra
from nnasim.front.reading import TorchModule, TorchStates, read_torch
from nnasim.ir.trace import OpTrace
from nnasim.markup import counted
from nnasim.progress import Progress, silent
from nnasim.records import Flag, Integer, Number

if TYPE_CHECKING:
    from aat_training.module.training import Trained
    from workloads.stepgraph.graph import StepGraph
    from workloads.stepgraph.importing import ModelImport

MOST_STEPS = 10_000_000


def _again_and_again(value: object) -> object:
    """Refuse data that can be iterated only once, or not at all."""
    if not isinstance(value, Iterable) or isinstance(value, Iterator | str | bytes):
        raise ValueError("must be pairs (inputs, target) that can be iterated again and again, as a list can")
    return value


Batches = Annotated[Any, BeforeValidator(_again_and_again)]


@dataclass(frozen=True, repr=False, eq=False)
class TrainedModule:
    """A module on a chip's integers, before and after training for it. ``losses``: the loss of every step, on
    the chip.
    """

    graph: StepGraph
    steps: int
    _trained: Trained = field(repr=False)

    @property
    def losses(self) -> tuple[float, ...]:
        """The loss of every step, as the chip computes it."""
        return self._trained.losses

    @property
    def naive(self) -> ModelImport:
        """The module on the chip after calibration only: trace, integers, and where each node runs."""
        return self._trained.before

    @property
    def aat(self) -> ModelImport:
        """The module on the chip after training: the same operations with other integers."""
        before = self._trained.before
        about = before.trace.imported
        assert about is not None
        trained = about.model_copy(
            update={"distances": (), "calibration": f"{about.calibration}; trained for it, {self.steps} steps"}
        )
        trace = before.trace.model_copy(update={"system": "aat", "imported": trained})
        return replace(before, trace=trace, constants=self._trained.constants)

    @property
    def trace(self) -> OpTrace:
        """The operations of the trained module, ready to be simulated."""
        return self.aat.trace

    def run(self, inputs: Any, *, system: Literal["aat", "naive"] = "aat") -> Any:
        """The outputs of every call, as the chip computes them: float64 (streams, calls, ...), by name if there are
        several.

        ``inputs``: as in ``train_module``'s data. Raises InputError if they do not fit.
        """
        from aat_training.module.streams import streams_of
        from aat_training.module.training import streamed_with

        heard = streams_of(inputs, self.graph, "inputs")
        return streamed_with(self._trained, self._trained.constants if system == "aat" else self.naive.constants, heard)

    def write(self, path: FilePath, *, system: Literal["aat", "naive"] = "aat", force: Flag = False) -> None:
        """Write the trace to ``path`` and its integers beside it, for `nnasim simulate --functional` and other
        commands.

        Raises FileError if the files exist, unless ``force``.
        """
        from nnasim.studies.importing import recorded_import

        recorded_import(self.aat if system == "aat" else self.naive).write(Path(path), force=force)

    def __repr__(self) -> str:
        few = max(1, len(self.losses) // 10)
        first, last = (sum(part) / len(part) for part in (self.losses[:few], self.losses[-few:]))
        return f"{self.graph.name} on the chip: loss {first:.4g} -> {last:.4g} in {counted(self.steps, 'step')}"


@checked
def train_module(
    module: TorchModule, example: Any, data: Batches, loss: Callable[..., Any], *, chip: ChipLike = "edge256",
    states: TorchStates = None, keep_state: Sequence[str] = (),
    steps: Annotated[Integer, Field(ge=1, le=MOST_STEPS)] = 300,
    learning_rate: Annotated[Number, Field(gt=0, le=100)] = 0.25,
    period_ms: Annotated[Number, Field(gt=0, le=1e6)] = 10.0,
    calibration: Literal["mse", "percentile", "max"] = "mse", seed: Integer = 0, progress: Progress = silent,
) -> TrainedModule:  # fmt: skip
    """The torch ``module`` on the integers of ``chip``, before and after more training with them.

    - ``module``, ``example``, ``states``, ``keep_state``: one streaming step, as in ``read_torch``.
    - ``data``: pairs (inputs, target), repeated as often as needed (a list, or a DataLoader). Inputs are a tensor
      (streams, calls, then the shape of the example's input), or one for each input by name; each stream begins in the
      initial state.
    - ``loss``: (outputs, target) -> scalar; outputs are float64 (streams, calls, ...), by name if there are several.
    - ``steps``: number of optimiser steps.
    - ``learning_rate``: in integer steps of a weight per optimiser step.
    - ``period_ms``: time between two calls, for the trace.
    - ``calibration``: how the ranges are chosen from the first four batches; they stay fixed in training.

    The module itself is not changed. Raises RefusedModelError, InputError, ConfigError, NumericsError, or
    SimulationError if training diverges.
    """
    graph = read_torch(module, example, states=states, keep_state=keep_state)
    with training_extra():
        from aat_training.module.training import Schedule, train_graph

        schedule = Schedule(steps=steps, learning_rate=learning_rate, seed=seed)
        trained = train_graph(
            graph, data, loss, chip_of(chip).numerics, schedule, period_ms=period_ms, method=calibration,
            progress=progress,
        )  # fmt: skip
    return TrainedModule(graph, steps, trained)
