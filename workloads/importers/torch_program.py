"""An exported program as a ``CallGraph``: what arrives, what leaves, what each call overwrites, what never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workloads.importers.torch_calls import CallGraph, Overwritten
from workloads.importers.torch_nodes import Nodes, tensor_of
from workloads.stepgraph.graph import Array


@dataclass(frozen=True)
class Names:
    """The users' names for the leaves of the arguments and of the outputs."""

    inputs: Sequence[str]
    outputs: Sequence[str]


def call_graph(program: Any, names: Names, origin: Mapping[str, str], blank: Callable[[Any], Any]) -> CallGraph:
    """``program``, an ExportedProgram whose mutations are outputs.

    ``blank``: makes a tensor of zeros, of the shape and type of a fake one.
    """
    signature, nodes = program.graph_signature, list(program.graph.nodes)
    arriving = dict(_named(signature.input_specs, "USER_INPUT", names.inputs))
    stored = {spec.target: spec.arg.name for spec in signature.input_specs if spec.target}
    changes = [(spec.target, spec.arg.name) for spec in signature.output_specs if spec.kind.name.endswith("_MUTATION")]
    arriving |= {stored[target]: target for target, _ in changes if target in stored}
    after = {target: f"{arriving[stored.get(target, target)]}_next" for target, _ in changes}
    results = _named(signature.output_specs, "USER_OUTPUT", names.outputs)
    results += [(value, after[target]) for target, value in changes]
    targets = {value: target for target, value in stored.items() if value not in arriving}
    walk = Nodes(nodes, {value: _stored(program, target) for value, target in targets.items()}, blank)
    ends = {*arriving, *(value for value, _ in results)}
    return CallGraph(
        inputs=arriving,
        outputs=tuple((walk.value(value), name) for value, name in results),
        tensors={walk.value(node.name): tensor_of(node.meta["val"]) for node in nodes if node.name in ends},
        constants={value: _array(held) for value, held in walk.held.items() if hasattr(held, "detach")},
        targets=targets,
        overwritten=tuple(
            Overwritten(
                stored.get(target, target), after[target], _start(program, target) if target in stored else None
            )
            for target, _ in changes
        ),
        calls=tuple(walk.calls),
        folded=tuple(walk.folded),
        origin={**origin, **_read_as(walk.held.values())},
    )


def _named(specs: Iterable[Any], kind: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """(value, name) of the leaves that are tensors: a number or None is part of the program."""
    both = zip((spec.arg for spec in specs if spec.kind.name == kind), names, strict=True)
    return [(arg.name, name) for arg, name in both if type(arg).__name__ == "TensorArgument"]


def _stored(program: Any, target: str) -> Any:
    """A parameter, buffer or constant by its name in the module."""
    return program.state_dict[target] if target in program.state_dict else program.constants[target]


def _start(program: Any, target: str) -> Array | None:
    values = _array(_stored(program, target))
    return values if np.any(values) else None


def _array(tensor: Any) -> Array:
    """``tensor`` in numpy, float32 if it is floating."""
    tensor = tensor.detach().cpu()
    return np.array((tensor.float() if tensor.is_floating_point() else tensor).numpy(), order="C")


def _read_as(held: Iterable[Any]) -> dict[str, str]:
    """A note where parameters are of another floating type than the StepGraph's."""
    floating = [tensor for tensor in held if hasattr(tensor, "detach") and tensor.is_floating_point()]
    kinds = {str(tensor.dtype).removeprefix("torch.") for tensor in floating}
    others = sorted(kinds - {"float32"})
    return {"read as": f"float32, where the module has {' and '.join(others)}"} if others else {}
