"""Calibration counts every real value over all calls, states carried, and chooses steps as our naive system does."""

import numpy as np
import pytest

from nnasim.errors import InputError
from nnasim.numerics.histogram import METHODS, Histogram, Method
from tests.workloads.stepgraph.hand_made import Sheet
from tests.workloads.stepgraph.small import decoder, leaky_sum
from workloads.stepgraph.graph import Node, State, StepGraph, Tensor
from workloads.stepgraph.integers.calibration import calibrate
from workloads.stepgraph.run import run_steps
from workloads.stepgraph.steps import checked_steps, random_steps


def heard(count: int = 20) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 1, 4)).astype(np.float32)


def test_states_begin_at_their_initial_value_and_are_carried_from_call_to_call() -> None:
    silent = checked_steps({"x": np.zeros((4, 1, 4))}, leaky_sum(), "steps")
    calibration = calibrate(leaky_sum(), silent)
    assert calibration.calls == 4
    np.testing.assert_array_equal(
        calibration.histograms["s"].counts, Histogram.of(np.repeat([1, 0.5, 0.25, 0.125], 4)).counts
    )
    np.testing.assert_array_equal(
        calibration.histograms["y"].counts, Histogram.of(np.repeat([0.5, 0.25, 0.125, 0.0625], 4), 1.0).counts
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_step_is_the_histogram_s_range_over_half_the_integers(method: Method) -> None:
    steps = checked_steps({"x": heard()}, leaky_sum(), "steps")
    calibration = calibrate(leaky_sum(), steps, method)
    outputs = run_steps(leaky_sum(), steps.arrays)["y"]
    histogram = Histogram.of(outputs)
    assert calibration.step("y", bits=8) == histogram.range(method, 8) / 128
    assert calibration.step("y", bits=16) == histogram.range(method, 16) / 32768


def test_values_that_share_a_step_are_counted_together() -> None:
    calibration = calibrate(leaky_sum(), checked_steps({"x": heard()}, leaky_sum(), "steps"), "max")
    assert calibration.range("s", "y", bits=8) == max(calibration.range(name, bits=8) for name in "sy")
    assert calibration.histogram("s", "y").counts.sum() == 2 * calibration.histogram("y").counts.sum()


def test_tokens_are_not_counted_and_noise_is_known_as_such() -> None:
    calibration = calibrate(decoder(), random_steps(decoder(), 5))
    assert set(calibration.histograms) == {"each", "last", "decoder_out"}
    assert calibration.is_random


def test_a_value_that_overflows_is_named_with_its_step() -> None:
    loud = checked_steps({"x": np.array([[[1.0] * 4], [[3e38] * 4]])}, doubling(), "steps.npz")
    with pytest.raises(InputError, match=r"steps.npz: step 1 = 'y': becomes NaN or infinity"):
        calibrate(doubling(), loud)


def doubling() -> StepGraph:
    return StepGraph(
        name="double",
        nodes=(Node("sum", "Add", ("x", "x"), ("y",)),),
        inputs={"x": Tensor((1, 4))},
        values={"y": Tensor((1, 4))},
        constants={},
        outputs=("y",),
    )


def recurrent(operator: str, frames: int, units: int = 3, **attributes: int) -> StepGraph:
    """One recurrent node over ``frames`` frames of two features."""
    gates = {"LSTM": 4, "GRU": 3}[operator]
    generator = np.random.default_rng(2)
    states = ("h0", "c0")[: gates - 2]
    outputs = {"y": (frames, 1, 1, units), "h": (1, 1, units), "c": (1, 1, units)}
    made = dict(list(outputs.items())[: 1 + len(states)])
    return StepGraph(
        name=operator,
        nodes=(
            Node("rnn", operator, ("x", "w", "r", "b", "", *states), tuple(made), {"hidden_size": units, **attributes}),
        ),
        inputs={"x": Tensor((frames, 1, 2)), **{name: Tensor((1, 1, units)) for name in states}},
        values={name: Tensor(shape) for name, shape in made.items()},
        constants={
            name: generator.normal(size=shape).astype(np.float32)
            for name, shape in (
                ("w", (1, gates * units, 2)), ("r", (1, gates * units, units)), ("b", (1, 2 * gates * units)),
            )
        },
        outputs=tuple(made),
        states=tuple(State(name, name[0]) for name in states),
    )  # fmt: skip


def test_the_gates_and_the_cell_of_an_lstm_are_counted_frame_by_frame() -> None:
    x = np.random.default_rng(0).normal(size=(5, 2, 1, 2)).astype(np.float32)
    together = calibrate(recurrent("LSTM", 2), checked_steps({"x": x}, recurrent("LSTM", 2), "steps"))
    apart = calibrate(recurrent("LSTM", 1), checked_steps({"x": x.reshape(10, 1, 1, 2)}, recurrent("LSTM", 1), "steps"))
    for part, count in (("sigmoid", 90), ("tanh", 30), ("cell", 30)):
        counts = together.histograms[f"rnn.{part}"].counts
        assert counts.sum() == count
        np.testing.assert_array_equal(counts, apart.histograms[f"rnn.{part}"].counts)
    np.testing.assert_array_equal(apart.histograms["rnn.cell"].counts, apart.histograms["c"].counts)


@pytest.mark.parametrize("linear_before_reset", [0, 1])
def test_what_the_functions_of_a_gru_read_is_counted(linear_before_reset: int) -> None:
    graph = recurrent("GRU", 1, linear_before_reset=linear_before_reset)
    steps = checked_steps({"x": np.random.default_rng(0).normal(size=(6, 1, 1, 2))}, graph, "steps")
    calibration = calibrate(graph, steps)
    assert calibration.histograms["rnn.sigmoid"].counts.sum() == 6 * 6
    assert calibration.histograms["rnn.tanh"].counts.sum() == 6 * 3
    assert "rnn.cell" not in calibration.histograms


@pytest.mark.parametrize("operator", ["LSTM", "GRU"])
def test_gates_beyond_float32s_exponent_are_counted_without_a_warning(operator: str) -> None:
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    graph = recurrent(operator, 2, **attributes)
    far = np.array([-3e3, 3e3, -1e20], np.float32).repeat(4).reshape(3, 2, 1, 2)
    assert calibrate(graph, checked_steps({"x": far}, graph, "steps")).histograms["rnn.sigmoid"].reach > 1e19


def test_a_product_beyond_float32_is_refused_by_name_and_not_warned_of() -> None:
    sheet = Sheet(x=(2, 4))
    graph = sheet.graph(sheet.op("Tanh", sheet.op("MatMul", "x", sheet.constant(np.full((4, 4), 1e30))), out="y"))
    steps = checked_steps({"x": np.full((2, 2, 4), 1e30, np.float32)}, graph, "steps")
    with pytest.raises(InputError, match=r"steps: step 0 = 'matmul0\.out': becomes NaN or infinity"):
        calibrate(graph, steps)
