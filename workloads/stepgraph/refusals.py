"""The parts of a foreign model that cannot enter: every node by name, with its reason and what would help, all
at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nnasim.errors import NnasimError, named
from workloads.stepgraph.graph import Tensor

LONGEST_REASON = 600
"""Characters. A name, an equation or a shape of a file may have a million, and what is wrong comes behind it."""


@dataclass(frozen=True)
class Refusal:
    """A node, input or state that cannot enter. ``operator``: the origin's word for it, as "GRU" or "input".

    ``why``: the obstacle; ``help``: a change that would help, "" if there is none.
    """

    name: str
    operator: str
    why: str
    help: str = ""


class CannotEnterError(Exception):
    """Part of a model has no place in a StepGraph: the reason, and what would help. Readers make it a Refusal of a
    node.

    ``gives``: the tensors that it would give all the same, so that the nodes that depend on it are checked too.
    """

    def __init__(self, why: str, help_: str = "", gives: Sequence[Tensor] = ()) -> None:
        super().__init__(why)
        half = LONGEST_REASON // 2
        self.why = why if len(why) <= LONGEST_REASON else f"{why[:half]}...{why[-half:]}"
        self.help, self.gives = help_, gives


class NeverEntersError(CannotEnterError):
    """Part of a model has no place in a StepGraph, whatever the shapes of its inputs."""


class RefusedModelError(NnasimError):
    """A model of which at least one node cannot enter; ``refusals`` lists them all."""

    def __init__(self, source: object, refusals: Sequence[Refusal]) -> None:
        assert refusals, "a refused model has a reason"
        self.source, self.refusals = source, tuple(refusals)
        super().__init__(source, refusals)
        self.message = f"{named(source)}: refused: " + ". ".join(listing(refusals))


def listing(refusals: Iterable[Refusal]) -> list[str]:
    """One line per reason, with the names of all nodes that it holds for, in the order in which they came."""
    names = defaultdict[tuple[str, str, str], list[str]](list)
    for refusal in refusals:
        names[refusal.operator, refusal.why, refusal.help].append(named(refusal.name or "(unnamed)"))
    return [
        " ".join(f"{', '.join(who)} ({named(operator)}): {why}{f'; {help_}' if help_ else ''}".split())
        for (operator, why, help_), who in names.items()
    ]
