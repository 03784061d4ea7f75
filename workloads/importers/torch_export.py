"""A torch module through torch.export, before its operators are taken apart. No other module of workloads uses torch.

The export gives the module's calls in order; a decomposition with an empty table then makes every mutation a value of
its own. An LSTM stays one operator, projection included.
"""

from __future__ import annotations

import inspect
import logging
import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnasim.errors import NOT_GIVEN, InputError
from workloads.importers.torch_calls import CallGraph
from workloads.importers.torch_nodes import needed_nodes
from workloads.importers.torch_program import Names, call_graph


def exported(module: Any, example: Any, known: Callable[[str], bool]) -> CallGraph:
    """The calls of one forward pass of ``module`` on ``example``: a tensor, a tuple of arguments, or a mapping by name.

    Operators that are not ``known`` are taken apart, where torch has a way.

    Raises InputError if the example does not fit, and if the module is no single graph.
    """
    import torch

    arguments, keywords = _bound(module, example)
    with _quiet(module), _explained(module), torch.no_grad():
        program = torch.export.export(module, arguments, keywords, strict=False).run_decompositions({})
        tried = set[Any]()
        while apart := _strange(program, known) - tried:
            tried |= apart
            table = torch.export.default_decompositions()
            program = program.run_decompositions({target: table[target] for target in apart})
    origin = {"module": _full_name(module), "format": "torch.export", "version": str(torch.__version__)}
    names = Names(_input_names(module, arguments, keywords), _output_names(program))
    return call_graph(program, names, origin, lambda fake: torch.zeros(fake.shape, dtype=fake.dtype))


def _strange(program: Any, known: Callable[[str], bool]) -> set[Any]:
    """Operators that an output depends on, and that are not known, but that torch's own tables take apart."""
    import torch

    table = torch.export.default_decompositions()
    nodes = needed_nodes(list(program.graph.nodes))
    targets = {node.target for node in nodes if node.op == "call_function"}
    return {target for target in targets if target in table and not known(str(target.overloadpacket))}


def class_name(module: object) -> str:
    """The name of ``module`` in messages."""
    return type(module).__name__


def _full_name(module: object) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _bound(module: Any, example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """``example`` as positional and named arguments of the module's forward; numpy arrays as tensors.

    Each is a tensor of its own: an export takes two arguments that are one tensor, as h and c of zeros, for one input.
    """
    import numpy as np
    import torch
    from torch.utils import _pytree as trees

    def tensor(leaf: Any) -> Any:
        leaf = torch.from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        return leaf.detach().clone() if isinstance(leaf, torch.Tensor) else leaf

    positional = () if isinstance(example, Mapping) else example if isinstance(example, tuple | list) else (example,)
    named = dict(example) if isinstance(example, Mapping) else {}
    try:
        bound = inspect.signature(module.forward).bind(*positional, **named)
    except TypeError as error:
        allowed = f"must be the arguments of forward{inspect.signature(module.forward)}: {error}"
        raise InputError(class_name(module), "example", example, allowed) from None
    return trees.tree_map(tensor, (bound.args, bound.kwargs))


def _input_names(module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[str]:
    """A name for each leaf: the argument's, and where it lies in it: "state.0"."""
    names = []
    parameters = list(inspect.signature(module.forward).parameters.values())
    for index, value in enumerate(arguments):
        last = parameters[min(index, len(parameters) - 1)]
        rest = [str(index - len(parameters) + 1)] if last.kind is inspect.Parameter.VAR_POSITIONAL else []
        names += [".".join([last.name, *rest, *path]) for path in _paths(value)]
    return names + [".".join([name, *path]) for name, value in keywords.items() for path in _paths(value)]


def _output_names(program: Any) -> list[str]:
    """A name for each leaf of what forward returns: "output", "output.1", "output.h"."""
    from torch.utils import _pytree as trees

    spec = program.call_spec.out_spec
    return [".".join(["output", *path]) for path in _paths(trees.tree_unflatten(range(spec.num_leaves), spec))]


def _paths(tree: Any) -> Iterator[list[str]]:
    from torch.utils import _pytree as trees

    for path, _ in trees.tree_flatten_with_path(tree)[0]:
        yield [str(getattr(key, "idx", getattr(key, "key", getattr(key, "name", key)))) for key in path]


@contextmanager
def _quiet(module: Any) -> Iterator[None]:
    """A context that hides torch's messages to its own developers during the export. Raises InputError for one about
    lost work.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            yield
    finally:
        logging.disable(before)
    lost = [name for warning in told for name in _assigned(str(warning.message))]
    if lost:
        allowed = "is assigned at each call, but no buffer: `register_buffer` makes it a state that the next call finds"
        raise InputError(class_name(module), ", ".join(sorted(set(lost))), NOT_GIVEN, allowed)


def _assigned(warning: str) -> list[str]:
    """The tensors outside of buffers that forward assigns, from torch's warning, without an LSTM's list of weights."""
    if "assigned during export" not in warning:
        return []
    return [name for name in re.findall(r"self\.([\w.\[\]'\"]+)", warning) if "_flat_weights" not in name]


@contextmanager
def _explained(module: Any) -> Iterator[None]:
    """A context that raises InputError with the line of the module's code, in place of whatever an export raises."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # the module's own code runs here, and may raise anything
        raise InputError(class_name(module), _place(error), NOT_GIVEN, _reason(error)) from None


def _place(error: BaseException) -> str:
    """The place in the module's own code, as file, line and text."""
    import torch

    foreign = (f"{Path(torch.__file__).parent}{os.sep}", f"{Path(__file__).parent}{os.sep}", "<")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(foreign)]
    if not frames or (frames[0] is frames[-1] and not frames[-1].line):
        return "forward"
    return f"forward ({Path(frames[-1].filename).name}, line {frames[-1].lineno}: {frames[-1].line})"


def _reason(error: BaseException) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if any("DataDependent" in kind or "DynamicOutputShape" in kind for kind in kinds):
        return (
            "decides by what arrives, so it is no single graph: compute both ways and choose with torch.where; what is "
            "always the same, as a length, is torch.tensor([n]) in the forward of a module around this one"
        )
    first_line = str(error).strip().partition("\n")[0]
    return f"cannot be exported: {type(error).__name__}: {first_line}"
