"""``nnasim.read_onnx``, ``read_tflite`` and ``read_torch``: models from other tools, as graphs of one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any

from pydantic import BeforeValidator

from nnasim import markup
from nnasim.front.arguments import FilePath, checked
from nnasim.front.importing import ImportedModel, Shapes, import_model
from nnasim.front.needs import training_extra
from workloads.stepgraph.graph import StepGraph


def _module(value: object) -> object:
    """Refuse a value that is not a module, without importing torch."""
    if not any(
        (base.__module__, base.__name__) == ("torch.nn.modules.module", "Module") for base in type(value).__mro__
    ):
        raise ValueError("must be a torch.nn.Module")
    return value


def _pairs(value: object) -> object:
    """States as a tuple of "IN:OUT" texts and of pairs."""
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if pairs is not None and (not isinstance(pairs, list | tuple) or not all(map(_is_pair, pairs))):
        raise ValueError("must be arguments and the output that the next call gets there, as {'h': 1}")
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


class ReadModel(StepGraph):
    """A StepGraph that was read from a file or a module. ``to_trace`` makes a trace of it."""

    def to_trace(self, **wishes: Any) -> ImportedModel:
        """This model imported. ``wishes``: the arguments of ``nnasim.import_model``."""
        return import_model(self, **wishes)

    def __repr__(self) -> str:
        states = ", ".join(f"{state.input} -> {state.output}" for state in self.states) or "none"
        heard = ", ".join(f"{name} {self.inputs[name].shape}" for name in self.audio)
        nodes = markup.counted(len(self.nodes), "node")
        return markup.cut(f"{self.name}: {nodes}; inputs: {heard or 'none'}; states: {states}", 500)


def _read(graph: StepGraph) -> ReadModel:
    return ReadModel(**{field.name: getattr(graph, field.name) for field in fields(graph)})


@checked
def read_onnx(
    path: FilePath, *, shapes: Shapes | None = None, bind: Mapping[str, Any] | None = None,
    states: Sequence[str] | None = None, keep_state: Sequence[str] = (),
) -> ReadModel:  # fmt: skip
    """A graph of one call of the model in an ONNX file.

    - ``shapes``: sizes by input, where the file leaves them open.
    - ``bind``: inputs and open sizes that are one constant, as {"sr": 16000}.
    - ``states``: "IN:OUT", an output that is an input of the next call, with * for the same part of both names; None:
      those that the names suggest; (): none.
    - ``keep_state``: recurrent layers that start from zeros at each call in the file, and are to continue from the last
      call instead.

    Raises RefusedModelError with every node that cannot enter, FileError, ModelError or MissingExtraError.
    """
    from workloads.importers.onnx_reader import read_onnx as read

    return _read(read(path, shapes, bind, states, keep_state))


@checked
def read_tflite(path: FilePath, *, shapes: Shapes | None = None) -> ReadModel:
    """A graph of one call of the model in a TensorFlow Lite file, with the ranges that the file holds.

    ``shapes``: sizes by input, where the file leaves them open. Raises RefusedModelError, FileError, ModelError or
    MissingExtraError.
    """
    from workloads.importers.tflite_reader import read_tflite as read

    return _read(read(path, shapes))


@checked
def read_torch(
    module: TorchModule, example: Any, *, states: TorchStates = None, keep_state: Sequence[str] = ()
) -> ReadModel:  # fmt: skip
    """A graph of one step of a torch ``module``, taken from its export before any operator is split up.

    - ``example``: the inputs of one call: a tensor, a tuple of the arguments of ``forward``, or a mapping by name. They
      set the shapes.
    - ``states``: arguments and the output that the next call gets there, ``{"h": 1, "past": "new_past"}``. An output is
      named by position, key or path, a tuple such as (h, c) as a whole; default: those that the names suggest. Buffers
      that a call overwrites are states without being named.
    - ``keep_state``: recurrent modules that start from zeros at each call, and are to continue from the last call
      instead.

    Call ``module.eval()`` first. Raises RefusedModelError, which lists every operator that cannot enter, or ConfigError
    or InputError.
    """
    with training_extra():
        from workloads.importers.torch_reader import read_torch as read

        return _read(read(module, example, states, keep_state))
