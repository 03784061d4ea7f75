"""Word errors in a sweep: each distinct arithmetic is scored once, before the points that share it are simulated.

This package does not import the recogniser: the caller passes a ``Scorer``, a function that can be sent to a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol, cast

from nnasim.errors import NnasimError
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.progress import Progress, silent
from nnasim.records import validated
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.job import Job, Values, digest_of
from nnasim.sweeps.store import Store

Score = dict[str, Any]
Scorer = Callable[[NumericsConfig, System], Score]
"""(arithmetic, system) -> {"wer", "errors", "words", "utterances"}; raises NnasimError if it cannot be scored."""


class Pool(Protocol):
    """Runs functions in workers."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of ``function(*arguments)``."""
        ...


class Accuracies:
    """The scores of all arithmetics of a job, from the store or from ``scorer``."""

    def __init__(self, job: Job, store: Store, scorer: Scorer) -> None:
        assert job.spec.accuracy is not None
        self.job, self.store, self.scorer = job, store, scorer
        self.system: System = job.spec.accuracy.system
        self._known: dict[str, tuple[Score | None, str | None]] = {}

    def missing(self, points: Iterable[Values]) -> dict[str, tuple[dict[str, Any], System]]:
        """Key -> (arithmetic, system) of everything that the points need and the store lacks."""
        arithmetics: dict[str, tuple[dict[str, Any], System]] = {}
        for values in points:
            key = self.key(values)
            if key in self._known or key in arithmetics:
                continue
            stored = self.store.accuracy(key)
            if stored is None:
                arithmetics[key] = (self.job.chip(values)["numerics"], self._system(values))
            else:
                self._known[key] = stored
        return arithmetics

    def score(self, wanted: dict[str, tuple[dict[str, Any], System]], pool: Pool) -> Iterator[str]:
        """Score what is ``wanted``, storing each score as it comes; yields the keys."""
        futures = {key: pool.submit(scored, self.scorer, *what) for key, what in wanted.items()}
        for key, future in futures.items():
            figures, message = future.result()
            self.store.add_accuracy(key, figures, message)
            self._known[key] = (figures, message)
            yield key

    def complete(self, points: Iterable[Values], pool: Pool, progress: Progress = silent) -> None:
        """Score everything that the points need and the store lacks."""
        wanted = self.missing(points)
        for done, _ in enumerate(self.score(wanted, pool), start=1):
            progress("word errors", done, len(wanted))

    def key(self, values: Values) -> str:
        """The key of a point's word errors: the digest of all that they depend on."""
        return digest_of(
            {"numerics": self.job.chip(values)["numerics"], "system": self._system(values), "by": self.job.scored}
        )

    def message(self, values: Values) -> str | None:
        """The reason why a point's arithmetic has no score; None if it has one."""
        return self._known[self.key(values)][1]

    def joined(self, outcome: Outcome) -> Outcome:
        """``outcome`` with its word errors."""
        score = self._known[self.key(outcome.values)][0]
        if outcome.figures is None or score is None:
            return outcome
        return replace(outcome, figures={**outcome.figures, **score})

    def _system(self, values: Values) -> System:
        return cast(System, self.job.beside_chip(values).get("system", self.system))


def scored(scorer: Scorer, numerics: dict[str, Any], system: System) -> tuple[Score | None, str | None]:
    """(score, None), or (None, the reason why there is none): the work of a worker."""
    try:
        return scorer(validated(NumericsConfig, numerics, "numerics"), system), None
    except NnasimError as error:
        return None, str(error)
