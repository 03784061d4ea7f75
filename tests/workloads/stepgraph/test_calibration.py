"""Calibration counts every real value over all calls, states carried, and chooses steps as our naive system does."""

import numpy as np
import pytest

from nnasim.errors import InputError
from nnasim.numerics.histogram import METHODS, Histogram, Method
from tests.workloads.stepgraph.small import decoder, leaky_sum
from workloads.stepgraph.calibration import Watch, calibrate
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
    watch = Watch(leaky_sum())
    values = {name: np.ones((1, 4)) for name in ("x", "s", "wx", "sh", "y")}
    watch.see(values, "steps.npz")
    with pytest.raises(InputError, match=r"steps.npz: step 1 = 'wx': becomes NaN or infinity"):
        watch.see(values | {"wx": np.full((1, 4), np.inf)}, "steps.npz")
