"""A trace as a torch module computes the integers of the reference, stream by stream; gradients reach its weights."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from aat_training.module.chip_module import ChipModule
from nnasim.errors import ConfigError
from nnasim.ir.trace import OpTrace
from nnasim.numerics.activation import build_unit, unit_kind
from nnasim.numerics.config import NumericsConfig
from nnasim.reference import Reference
from tests.nnasim.functional.conftest import random_constants
from tests.nnasim.functional.foreign import constants_of, with_outputs
from tests.nnasim.ir.foreign_traces import (
    attention_trace,
    conv_trace,
    depthwise_trace,
    host_trace,
    movement_trace,
    residual_trace,
    two_inputs_trace,
)
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

BATCH, CALLS = 3, 4
TRACES = {
    "convolution": conv_trace,
    "grouped convolution": lambda: conv_trace(groups=2),
    "depthwise convolution": depthwise_trace,
    "attention": attention_trace,
    "moves": movement_trace,
    "two inputs": two_inputs_trace,
    "residual sum": residual_trace,
}


def heard(trace: OpTrace, graph: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    read = {name for op in trace.graphs[graph].ops for name in op.inputs}
    return {
        name: rng.normal(size=(BATCH, CALLS, *spec.shape))
        for name, spec in trace.tensors.items()
        if spec.role == "input" and name in read
    }


def proper_tables(trace: OpTrace) -> dict[str, np.ndarray]:
    """Tables as a chip has them: knots that ascend are part of what a unit means."""
    kind, tables = unit_kind(trace.numerics.activation), {}
    for op in (op for graph in trace.graphs.values() for op in graph.ops if op.table is not None):
        unit = build_unit(op.kind, trace.numerics, in_scale=2.0**-12, table_range=8.0, out_bits=16, name=op.name)
        tables[op.table] = kind.joined(unit.data, trace.numerics)
    return tables


@pytest.mark.parametrize("name", TRACES)
def test_every_tensor_of_every_stream_is_the_references(name: str) -> None:
    trace = with_outputs(TRACES[name]())
    (graph,) = trace.graphs
    constants, inputs = constants_of(trace), heard(trace, graph)
    module = ChipModule(trace, constants, graph)
    made = {out for op in trace.graphs[graph].ops for out in op.outputs}
    states, whole, compared = module.initial_states(BATCH), module.whole(), 0
    streams = [Reference(trace, constants) for _ in range(BATCH)]
    for call in range(CALLS):
        ours = module({key: torch.from_numpy(values[:, call]) for key, values in inputs.items()}, states, whole)
        states = ours.states()
        for stream, reference in enumerate(streams):
            reference.tensors.update({key: values[stream, call] for key, values in inputs.items()})
            reference.run(graph)
            for tensor in made:
                np.testing.assert_array_equal(
                    ours.flow(tensor)[stream].detach().numpy(), reference.tensors[tensor], tensor
                )
                compared += reference.tensors[tensor].size
    assert compared > 100


@pytest.mark.parametrize("unit", ["lut8", "lut16", "pwl", "plan", "hard"])
@pytest.mark.parametrize("cell_bits", [8, 16])
def test_a_recogniser_is_the_references_on_every_unit(unit: str, cell_bits: int) -> None:
    shape = RnntShape(
        name="tiny", input_features=6, frame_ms=30, encoder_units=8, encoder_before=1, embedding=3,
        prediction_units=4, prediction_layers=1, joint_units=5, outputs=7,
    )  # fmt: skip
    trace = build_trace(shape, 2, 1, numerics=NumericsConfig(activation=unit, cell_bits=cell_bits))
    constants = random_constants(trace, 1) | proper_tables(trace)
    for graph in ("encoder", "prediction", "joint"):
        module = ChipModule(trace, constants, graph)
        inputs, states, whole = heard(trace, graph), module.initial_states(BATCH), module.whole()
        inputs = {key: 40 * values for key, values in inputs.items()}
        references = [Reference(trace, constants) for _ in range(BATCH)]
        for call in range(CALLS):
            ours = module({key: torch.from_numpy(values[:, call]) for key, values in inputs.items()}, states, whole)
            states = ours.states()
            for stream, reference in enumerate(references):
                reference.tensors.update({key: values[stream, call] for key, values in inputs.items()})
                reference.run(graph)
                for op in trace.graphs[graph].ops:
                    for tensor in op.outputs:
                        expected = reference.tensors[tensor]
                        np.testing.assert_array_equal(ours.flow(tensor)[stream].detach().numpy(), expected, tensor)


def test_gradients_reach_every_weight_and_follow_the_loss_down() -> None:
    trace = with_outputs(conv_trace())
    (graph,) = trace.graphs
    module = ChipModule(trace, constants_of(trace), graph)
    inputs = {key: torch.from_numpy(values) for key, values in heard(trace, graph).items()}
    outputs = [name for name, spec in trace.tensors.items() if spec.role == "output"]

    def loss() -> torch.Tensor:
        states, whole, total = module.initial_states(BATCH), module.whole(), torch.zeros(())
        for call in range(CALLS):
            ours = module({key: values[:, call] for key, values in inputs.items()}, states, whole)
            states = ours.states()
            total = total + sum(((ours.flow(name) - 20) / 100).square().mean() for name in outputs)
        return total

    optimizer = torch.optim.Adam(module.parameters(), lr=1.0)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        current = loss()
        current.backward()
        assert all(parameter.grad is not None for parameter in module.parameters())
        optimizer.step()
        losses.append(float(current.detach()))
    assert losses[-1] < 0.5 * losses[0]
    changed = module.trained_constants()
    assert any(not np.array_equal(changed[name], values) for name, values in module.constants.items())
    assert all(changed[name].dtype == values.dtype for name, values in module.constants.items())


def test_what_only_the_cpu_can_do_is_refused_by_name() -> None:
    trace = host_trace()
    (graph,) = trace.graphs
    with pytest.raises(ConfigError, match="runs on the CPU in float"):
        ChipModule(trace, constants_of(trace), graph)
