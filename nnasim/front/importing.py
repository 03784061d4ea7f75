"""``nnasim.read_torch``: models that others have written, as graphs of one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from nnasim.front.arguments import checked
from nnasim.front.needs import training_extra
from workloads.stepgraph.graph import StepGraph


def _module(value: object) -> object:
    """Refuses what is no module, without importing torch."""
    if not any(
        (base.__module__, base.__name__) == ("torch.nn.modules.module", "Module") for base in type(value).__mro__
    ):
        raise ValueError("must be a torch.nn.Module")
    return value


def _pairs(value: object) -> object:
    """States as a tuple of "IN:OUT" and of pairs."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if pairs is not None and (not isinstance(pairs, list | tuple) or not all(map(_is_pair, pairs))):
        raise ValueError("must be arguments with the output that the next call finds there, as {'h': 1}")
    return pairs


def _is_pair(value: object) -> bool:
    if isinstance(value, str):
        return ":" in value
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    argument, output = value
    return isinstance(argument, str) and isinstance(output, int | str) and not isinstance(output, bool)


TorchModule = Annotated[Any, BeforeValidator(_module)]
TorchStates = Annotated[Any, BeforeValidator(_pairs)]


@checked
def read_torch(
    module: TorchModule, example: Any, *, states: TorchStates = None, keep_state: Sequence[str] = ()
) -> StepGraph:  # fmt: skip
    """One step of a torch ``module`` as a graph, from its export before any operator is taken apart.

    ``example``: what one call gets: a tensor, a tuple of the arguments of ``forward``, or a mapping by name; shapes are
    its shapes. ``states``: arguments with the output that the next call finds there, ``{"h": 1, "past": "new_past"}``,
    outputs by position, key or path, a tuple such as (h, c) as a whole; by default those whose names say it. Buffers
    that a call overwrites are states by themselves. ``keep_state``: recurrent modules that start from zeros at each
    call, and shall go on instead. Call ``module.eval()`` first.

    Raises RefusedModelError, which lists every operator that cannot enter, or ConfigError or InputError.
    """
    with training_extra():
        from workloads.importers.torch_reader import read_torch as read

        return read(module, example, states, keep_state)
