"""The integers of an utterance that are compared, of chip and reference; they are equal if both are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.functional.packing import Integers
from nnasim.ir.trace import Op, OpTrace


@dataclass
class Observed:
    """The integers observed in one utterance.

    ``logits``: what every argmax read, in order; ``outputs``: every value of each output, call by call; ``states``:
    what each state held when the utterance had ended.
    """

    logits: list[Integers] = field(default_factory=list)
    outputs: dict[str, list[Integers]] = field(default_factory=dict)
    states: dict[str, Integers] = field(default_factory=dict)

    def after(self, op: Op, watched: Mapping[str, str], tensors: Mapping[str, NDArray[Any]]) -> None:
        """Keep what ``op`` has just read or made. ``watched``: tensor -> the output that it is."""
        if op.kind == "argmax":
            self.logits.append(tensors[op.x].copy())
        for name in op.outputs:
            if name in watched:
                self.outputs.setdefault(watched[name], []).append(tensors[name].copy())

    def at_the_end(self, trace: OpTrace, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Keep every state of ``trace``."""
        self.states = {name: tensors[name].copy() for name, spec in trace.tensors.items() if spec.role == "state"}


def outputs_of(trace: OpTrace) -> dict[str, str]:
    """The outputs of ``trace``, each under its own name."""
    return {name: name for name, spec in trace.tensors.items() if spec.role == "output"}


@dataclass(frozen=True)
class Difference:
    """The counts of a comparison. ``answers``: integers compared in outputs and in what argmaxes read.

    ``states``: integers compared in last states; ``different``: how many are not the same, by what they belong to.
    """

    answers: int
    states: int
    different: Mapping[str, int]


def difference(chip: Observed, reference: Observed) -> Difference:
    """The difference of both, integer by integer; a value that only one of them has differs as a whole."""
    answers = {"what argmax reads": _unequal(chip.logits, reference.logits)}
    for name in {**reference.outputs, **chip.outputs}:
        answers[name] = _unequal(chip.outputs.get(name, []), reference.outputs.get(name, []))
    states = {name: _unequal([chip.states[name]], [values]) for name, values in reference.states.items()}
    return Difference(
        answers=sum(compared for compared, _ in answers.values()),
        states=sum(compared for compared, _ in states.values()),
        different={name: wrong for name, (_, wrong) in (*answers.items(), *states.items()) if wrong},
    )


def _unequal(found: list[Integers], expected: list[Integers]) -> tuple[int, int]:
    """(integers compared, integers that differ) of two lists of values."""
    both = min(len(found), len(expected))
    alone = sum(values.size for values in (*found[both:], *expected[both:]))
    pairs = list(zip(found[:both], expected[:both], strict=True))
    wrong = sum(int(np.count_nonzero(a != b)) for a, b in pairs)
    return sum(b.size for _, b in pairs) + alone, wrong + alone
