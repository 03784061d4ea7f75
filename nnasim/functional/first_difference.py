"""The first difference of two functional runs: utterance, frame, call, operation and element with another integer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.functional.inputs import Features, Inputs, inputs_by_name
from nnasim.ir.trace import Op, OpTrace, Utterance
from nnasim.reference import Reference

Constants = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Run:
    """A run: a trace of integers, its constants, and the inputs of each utterance."""

    trace: OpTrace
    constants: Constants
    heard: Sequence[Features | Inputs]


@dataclass(frozen=True)
class Unequal:
    """Two values of one place that are not the same.

    ``element``: index of the first element that differs; ``values``: that element in both. ``differing`` of
    ``elements`` differ, by ``greatest`` at most; None if the shapes differ.
    """

    element: tuple[int, ...]
    values: tuple[Any, Any]
    differing: int
    elements: int
    greatest: float | None


@dataclass(frozen=True)
class Difference:
    """The first place that differs. ``call``: its place among the utterance's calls; ``where``: input or operation."""

    utterance: str
    frame: int
    call: int
    graph: str
    where: str
    unequal: Unequal | None = None


def other_constants(a: Constants, b: Constants) -> dict[str, Unequal | None]:
    """Constants that are not the same in both, by name; None if only one has it."""
    names = sorted({*a, *b})
    both = {name: unequal(a[name], b[name]) if name in a and name in b else None for name in names}
    return {name: found for name, found in both.items() if found or name not in a or name not in b}


def first_difference(a: Run, b: Run) -> Difference | None:
    """The first place at which ``a`` and ``b`` differ; None if they agree to the end.

    Operations are compared by name. Raises TraceError for inputs that do not fit their trace.
    """
    references = Reference(a.trace, a.constants), Reference(b.trace, b.constants)
    pairs = zip_longest(a.trace.utterances, b.trace.utterances)
    for index, (left, right) in enumerate(pairs):
        if left is None or right is None:
            return Difference(_there(left, right).id, 0, 0, "", "only one of both has the utterance")
        inputs = (
            inputs_by_name(a.trace, left, a.heard[index]),
            inputs_by_name(b.trace, right, b.heard[index]),
        )
        found = next(_of_utterance(references, (left, right), inputs), None)
        if found:
            return found
    return None


def _of_utterance(
    references: tuple[Reference, Reference], utterances: tuple[Utterance, Utterance], inputs: tuple[Inputs, Inputs]
) -> Iterator[Difference]:
    for reference in references:
        reference.reset()
    id, calls = utterances[0].id, (zip(each.call_graphs, each.call_frames, strict=True) for each in utterances)
    for call, (left, right) in enumerate(zip_longest(*calls)):
        if left != right:
            graph, frame = _there(left, right)
            yield Difference(id, frame, call, graph, _other_call(left, right))
            return
        graph, frame = left
        for reference, values in zip(references, inputs, strict=True):
            reference.tensors.update({name: heard[frame] for name, heard in values.items()})
        for name in inputs[0]:
            if name in inputs[1] and (found := unequal(inputs[0][name][frame], inputs[1][name][frame])):
                yield Difference(id, frame, call, graph, f"input {name}", found)
        for where, unequal_values in _of_call(references, graph):
            yield Difference(id, frame, call, graph, where, unequal_values)


def _there(left: Any, right: Any) -> Any:
    """``left``, or ``right`` if there is no left one."""
    return right if left is None else left


def _other_call(left: tuple[str, int] | None, right: tuple[str, int] | None) -> str:
    """The message about two decodings that call other graphs: the inputs of the search differed."""
    named = [f"{call[0]} of frame {call[1]}" if call else "nothing" for call in (left, right)]
    return f"calls {named[0]} against {named[1]}"


def _of_call(references: tuple[Reference, Reference], graph: str) -> Iterator[tuple[str, Unequal | None]]:
    left, right = (_made(reference, graph) for reference in references)
    for name in {**left, **right}:
        if name not in left or name not in right:
            yield f"operation {name}, which only one of both has", None
            continue
        op, outputs = left[name]
        for mine, other in zip_longest(outputs, right[name][1], fillvalue=np.zeros(0)):
            if found := unequal(mine, other):
                yield f"operation {name} ({op.kind})", found


def _made(reference: Reference, graph: str) -> dict[str, tuple[Op, list[NDArray[Any]]]]:
    """Each operation of one call of ``graph`` by name, with its output."""
    made = {}
    for op in reference.trace.graphs[graph].ops:
        reference.execute(op)
        made[op.name] = op, [reference.tensors[name] for name in op.outputs]
    return made


def unequal(a: NDArray[Any], b: NDArray[Any]) -> Unequal | None:
    """The first element in which two arrays differ; None if they are the same."""
    if a.shape != b.shape:
        most = max(a.size, b.size)
        return Unequal(element=(), values=(a.shape, b.shape), differing=most, elements=most, greatest=None)
    places = np.argwhere(np.asarray(a != b))
    if not len(places):
        return None
    element = tuple(int(place) for place in places[0])
    greatest = float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))
    values = a[element].item(), b[element].item()
    return Unequal(element=element, values=values, differing=len(places), elements=a.size, greatest=greatest)
