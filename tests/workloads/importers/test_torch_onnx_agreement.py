"""Both readers give the same graph: of a module, and of the file that torch's own exporters make of it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
import torch
from torch import nn

from nnasim.errors import NnasimError
from tests.workloads.importers.test_torch_operators import GROUPS, Functions, example
from tests.workloads.importers.torch_modules import CASES, Case, case
from workloads.importers.onnx_reader import read_onnx
from workloads.importers.torch_reader import read_torch
from workloads.stepgraph.graph import StepGraph

OPSET = 20  # where GELU is an operator

# Where the older exporter takes apart, guards or rounds what the module does not.
OTHERWISE = {
    "tanh of integers", "floor_divide", "written over", "std", "lstm cell", "gru cell", "expand_as",
    "avg_pool of two axes", "max_pool of two axes", "tensor_split", "attention, hidden for good",
    "scatter", "instance_norm", "instance_norm, plain", "celu", "adaptive_max_pool",
}  # fmt: skip
NOT_EXPORTED = {"expm1", "threshold", "itself", "roll of all", "rms_norm", "sinh and cosh"}


def export(module: nn.Module, arguments: tuple[object, ...], path: Path, *, dynamo: bool) -> None:
    """Torch's own file of ``module``."""
    with _quiet():
        torch.onnx.export(module, arguments, path, dynamo=dynamo, opset_version=OPSET)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def from_file(made: Case, graph: StepGraph, path: Path) -> StepGraph:
    """The file at ``path`` with the states of ``graph``, which has the same inputs and outputs in the same places."""
    file = onnx.load(path).graph
    inputs = dict(zip(graph.inputs, (value.name for value in file.input), strict=True))
    outputs = dict(zip(graph.outputs, (value.name for value in file.output), strict=True))
    return read_onnx(path, states=[(inputs[state.input], outputs[state.output]) for state in graph.states])


def read_arguments(graph: StepGraph) -> StepGraph:
    """Without inputs that nobody reads: an exporter drops them."""
    read = {name for node in graph.nodes for name in node.operands} | set(graph.outputs)
    return replace(graph, inputs={name: tensor for name, tensor in graph.inputs.items() if name in read})


WITHOUT_PROJECTION_OR_BUFFERS = sorted(CASES.keys() - {"icefall_encoder", "lstm_spotter", "conv_block"})


@pytest.mark.parametrize("name", WITHOUT_PROJECTION_OR_BUFFERS)
@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
def test_module_and_file_are_the_same_graph(name: str, dynamo: bool, tmp_path: Path) -> None:
    if dynamo:
        pytest.importorskip("onnxscript")
    made = case(name)
    export(made.module, made.example, tmp_path / "model.onnx", dynamo=dynamo)
    graph = read_torch(made.module, made.example, made.states)
    assert from_file(made, graph, tmp_path / "model.onnx").canonical() == graph.canonical()


@pytest.mark.parametrize("group", GROUPS)
def test_functions_and_their_file_are_the_same_graph(group: str, tmp_path: Path) -> None:
    functions = {name: function for name, function in GROUPS[group].items() if name not in OTHERWISE | NOT_EXPORTED}
    module = Functions(functions).eval()
    export(module, example(), tmp_path / "model.onnx", dynamo=False)
    graph, file = read_torch(module, example(), states=()), read_onnx(tmp_path / "model.onnx", states=())
    assert read_arguments(file).canonical() == read_arguments(graph).canonical()


def test_an_lstm_with_projection_is_read_from_the_module_alone(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    made = case("icefall_encoder")
    export(made.module, made.example, tmp_path / "model.onnx", dynamo=True)
    with pytest.raises(NnasimError, match="LSTM"):
        read_onnx(tmp_path / "model.onnx", states=())
    assert [node.operator for node in read_torch(made.module, made.example, made.states).nodes].count("LSTM") == 2
