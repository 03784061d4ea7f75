"""Calibrated imports held against the float graph and, integer by integer, against the simulated chip."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnasim.functional.cosimulate import cosimulate
from nnasim.hardware import NnaConfig, load_preset
from nnasim.reference import Reference
from tests.workloads.stepgraph.imports import STEP, lowered
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.integers.calibration import Calibration, calibrate
from workloads.stepgraph.integers.scales import Scales
from workloads.stepgraph.lowering.lowering import Import
from workloads.stepgraph.run import each_step
from workloads.stepgraph.steps import Steps, checked_steps

HARSH: Mapping[str, Any] = {}
FINE: Mapping[str, Any] = {"activation": "lut16", "activation_bits": 16, "accumulator_bits": 48, "cell_bits": 16}
SMALL = "sram.bytes=16384", "sram.banks=1", "sram.weight_tile_bytes=1024"


def exact(
    graph: StepGraph, steps: Steps, numerics: Mapping[str, Any], memory: tuple[str, ...] = ()
) -> dict[str, float]:
    """Import ``graph`` calibrated on ``steps``, run these on the chip, and return each output's distance to float."""
    calibration = calibrate(graph, steps)
    made = lowered(graph, numerics=numerics, calibration=calibration, calls=len(steps))
    heard = {tensor: steps.arrays[name] for name, tensor in input_tensors(made, graph).items()}
    assert made.constants is not None
    report = cosimulate(made.trace, chip_of(numerics, memory), made.constants, [heard])
    assert report.values
    assert report.mismatches == 0, report.different
    return decibels(made, graph, steps, calibration)


def noise(graph: StepGraph, calls: int = 12, seed: int = 5) -> Steps:
    """Calls of what is heard: normal reals, small whole numbers."""
    random, arrays = np.random.default_rng(seed), dict[str, Array]()
    for name in graph.audio:
        tensor = graph.inputs[name]
        shape = (calls, *tensor.shape)
        real = tensor.dtype.startswith("float")
        arrays[name] = random.normal(size=shape) if real else random.integers(0, 4, size=shape)
    return checked_steps(arrays, graph, "noise")


def input_tensors(made: Import, graph: StepGraph) -> dict[str, str]:
    """The trace's own tensor of each input."""
    quantised = {op.outputs[0]: op.x for op in made.trace.graphs[STEP].ops if op.kind == "quantise"}
    wires = {name: made.wires[STEP, name].tensor for name in graph.audio if (STEP, name) in made.wires}
    return {name: quantised.get(tensor, tensor) for name, tensor in wires.items()}


def decibels(made: Import, graph: StepGraph, steps: Steps, calibration: Calibration) -> dict[str, float]:
    """Signal to error of every output, in dB, where the reference runs beside the float graph."""
    assert made.constants is not None
    scales, reference = Scales(made.trace.numerics, {STEP: calibration}), Reference(made.trace, made.constants)
    tensors, power = input_tensors(made, graph), {name: np.zeros(2) for name in graph.outputs}
    for run in each_step(graph, steps.arrays):
        for name, tensor in tensors.items():
            real = graph.inputs[name].dtype.startswith("float")
            values = run.values[name].reshape(made.trace.tensors[tensor].shape)
            reference.tensors[tensor] = values.astype(np.float64 if real else np.int64)
        reference.run(STEP)
        for name in graph.outputs:
            wire = made.wires.get((STEP, name))
            if wire is not None:
                wanted = run.value(name).astype(np.float64).reshape(-1)
                found = reference.tensors[wire.tensor].reshape(-1) * scales.step(wire)
                assert found.size == wanted.size, name
                power[name] += np.square(wanted).sum(), np.square(wanted - found).sum()
    kept = {state.output for state in graph.states if not graph.tensor(state.output).dtype.startswith("float")}
    assert all(power[name][1] == 0 for name in kept)
    return {name: float(10 * np.log10(signal / error)) for name, (signal, error) in power.items() if error}


def chip_of(numerics: Mapping[str, Any], memory: tuple[str, ...]) -> NnaConfig:
    """The default chip with other numerics and memory."""
    changes = [f"numerics.{name}={value}" for name, value in numerics.items()]
    return load_preset("edge256", [*changes, *memory])
