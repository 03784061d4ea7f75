"""One point -> its figures. A worker keeps one Evaluator: traces are read once, compiled once per compiler's view."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nnasim.collecting import no_collection
from nnasim.compiler import CompiledTrace
from nnasim.compiler.reads import seen_by_compiler
from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate_compiled
from nnasim.plugins import blamed
from nnasim.records import validated
from nnasim.sweeps.job import Job, Values
from nnasim.sweeps.objectives import Figures, chip_figures
from nnasim.sweeps.retarget import retarget, shortened

MOST_COMPILED = 16  # a paper-sized trace compiled is about 3 MB


@dataclass(frozen=True)
class Outcome:
    """The result of a point: ``figures``, or the ``message`` about why it has none. ``seconds``: CPU time."""

    key: str
    values: Values
    figures: Figures | None
    message: str | None
    seconds: float


class Evaluator:
    """Simulates points of one job. ``frames``: only the first frames of each utterance, None for all."""

    def __init__(self, job: Job, frames: int | None = None) -> None:
        self.job = job
        self.traces = job.traces if frames is None else tuple(shortened(trace, frames) for trace in job.traces)
        self._compiled: OrderedDict[tuple[int, Hashable], CompiledTrace] = OrderedDict()

    def outcome(self, key: str, values: Values) -> Outcome:
        """The point's figures, or the reason why there are none. No point ends the sweep."""
        begun = time.process_time()
        figures, message = None, None
        try:
            with no_collection():
                figures = self.figures(values)
        except NnasimError as error:
            message = str(error)
        except MemoryError:  # says nothing of the point
            raise
        # A defect, ours or a package's, must not end a sweep of a week; the row says which point it was.
        except (Exception, SystemExit) as error:
            message = (blamed(error) or f"defect: {type(error).__name__}: {error}")[:500]
        return Outcome(key=key, values=values, figures=figures, message=message, seconds=time.process_time() - begun)

    def figures(self, values: Values) -> Figures:
        """The figures of every trace, simulated on the point's chip. Raises NnasimError."""
        chip = validated(NnaConfig, self.job.chip(values), "chip")
        options = self.job.options(values)
        view = compiler_view(chip, self.job.beside_chip(values))
        results = []
        for index in range(len(self.traces)):
            compiled = self._compile(index, view, values, chip)
            results.append(simulate_compiled(compiled.on(chip), options))
        return chip_figures(results, chip, self.job.spec.objectives)

    def _compile(self, index: int, view: Hashable, values: Values, chip: NnaConfig) -> CompiledTrace:
        compiled = self._compiled.get((index, view))
        if compiled is None:
            compiled = self._compiled[index, view] = CompiledTrace(self._retargeted(index, values, chip), chip)
            while len(self._compiled) > MOST_COMPILED:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end((index, view))
        return compiled

    def _retargeted(self, index: int, values: Values, chip: NnaConfig) -> OpTrace:
        trace, beside = self.traces[index], self.job.beside_chip(values)
        if self.job.retargets:
            system: Any = beside.get("system")
            trace = retarget(trace, chip.numerics, system, f"trace {index + 1}")
        moved = {name.partition(".")[2]: unit for name, unit in beside.items() if name.startswith("placement.")}
        return trace.model_copy(update={"placement": {**trace.placement, **moved}}) if moved else trace


def compiler_view(chip: NnaConfig, beside: Values) -> Hashable:
    """All of a point that the compiler reads: points that agree in it share their programs."""
    traced = {(name, value) for name, value in beside.items() if not name.startswith("options.")}
    return seen_by_compiler(chip), frozenset(traced)


@lru_cache(maxsize=4)
def evaluator_of(payload: str, frames: int | None = None) -> Evaluator:
    """The worker's evaluator of a job; made at its first batch, kept for all others."""
    return Evaluator(Job.from_payload(payload), frames)


def run_batch(payload: str, points: Sequence[tuple[str, Values]], frames: int | None = None) -> list[Outcome]:
    """The outcomes of ``points``: the work of a worker."""
    evaluator = evaluator_of(payload, frames)
    return [evaluator.outcome(key, values) for key, values in points]
