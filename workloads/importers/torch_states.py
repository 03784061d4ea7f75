"""States of a torch module: which output of one call is which argument of the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workloads.stepgraph.concrete import states as pairing
from workloads.stepgraph.concrete.states import Pair
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.refusals import Refusal

States = Mapping[str, int | str] | Iterable[str | tuple[str, int | str]]
"""Arguments of forward with the outputs that the next call finds there: by position, key or path, or as "IN:OUT"."""

Tensors = Mapping[str, Tensor]
"""Arguments or outputs by name, tuples and mappings taken apart: "state.0", "output.h"."""


def paired(states: States | None, inputs: Tensors, outputs: Tensors) -> tuple[list[Pair], list[Refusal]]:
    """The pairs (input, output) by the names of the tensors, and refusals of ``states`` that do not fit; None proposes
    by name.
    """
    if states is None:
        pairs, refusals = pairing.proposed(inputs, outputs), list[Refusal]()
        refusals += pairing.unnamed(inputs, outputs, pairs)
    else:
        said = states.items() if isinstance(states, Mapping) else states
        each = [pair for state in said for pair in _taken_apart(state, inputs, outputs)]
        pairs, refusals = pairing.declared(each, inputs, outputs)
    return pairs, [*refusals, *pairing.misfits(inputs, outputs, pairs)]


def _taken_apart(state: str | tuple[str, int | str], inputs: Tensors, outputs: Tensors) -> list[str | Pair]:
    """A pair for each tensor of a declaration; the declaration itself where its sides have not equally many."""
    if isinstance(state, str):
        return [state]
    argument, path = state[0], _path(state[1], outputs)
    before, after = _under(argument, inputs), _under(path, outputs)
    return list(zip(before, after, strict=True)) if before and len(before) == len(after) else [(argument, path)]


def _path(output: int | str, outputs: Tensors) -> str:
    """The path of an output that is given by position, key or path."""
    text = str(output)
    if text == "0" and "output" in outputs:
        return "output"
    return text if _under(text, outputs) else f"output.{text}"


def _under(path: str, tensors: Tensors) -> list[str]:
    """The names of the tensors at ``path``."""
    return [name for name in tensors if name == path or name.startswith(f"{path}.")]
