"""The simulated queue against queueing theory: frame by frame against Lindley, Lindley against the closed forms.

``tests/proof/run_queueing.py`` holds the simulator itself against the closed forms, on enough frames for 2 %.
"""

import numpy as np
import pytest

from nnasim.hardware import NnaConfig, load_preset
from tests.proof.queue_trace import poisson_arrivals, simulated_waits, simulated_waits_by_class
from tests.proof.queueing_laws import cobham_waits, dd1_wait, lindley_waits, md1_wait, priority_waits

SERVICE = 1e-3  # a million elements at 1 ns


@pytest.fixture(scope="module")
def chip() -> NnaConfig:
    return load_preset("edge256", ["host.quantise_ns_per_element=1.0"])


@pytest.mark.parametrize("period", [0.5e-3, 0.8e-3, 1e-3, 2e-3])
def test_fixed_arrivals_wait_as_dd1_says(chip: NnaConfig, period: float) -> None:
    arrivals = period * (1 + np.arange(50))
    expected = [dd1_wait(SERVICE, period, customer) for customer in range(50)]
    assert simulated_waits([arrivals], chip) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("load", [0.3, 0.9])
def test_poisson_arrivals_wait_frame_by_frame_as_lindley_says(chip: NnaConfig, load: float) -> None:
    arrivals = poisson_arrivals(load / SERVICE, 500, seed=1)
    expected = lindley_waits(arrivals, SERVICE)
    assert simulated_waits([arrivals], chip) == pytest.approx(expected, abs=1e-6)  # each arrival is rounded to a cycle
    assert expected.max() > SERVICE / 2


@pytest.mark.parametrize("load", [0.1, 0.3, 0.5, 0.7])
def test_lindley_with_poisson_arrivals_is_md1(load: float) -> None:
    waits = lindley_waits(poisson_arrivals(load / SERVICE, 2_000_000, seed=2), SERVICE)
    assert waits.mean() == pytest.approx(md1_wait(SERVICE, load / SERVICE), rel=0.02)


def test_beyond_full_load_there_is_no_mean() -> None:
    with pytest.raises(ValueError, match="utilisation 1"):
        md1_wait(1.0, 1.0)


ELEMENTS, LOADS = (300_000, 1_000_000, 2_000_000), (0.15, 0.3, 0.2)
SERVICES = [size * 1e-9 for size in ELEMENTS]
RATES = [load / service for load, service in zip(LOADS, SERVICES, strict=True)]


def classes(seconds: float, seed: int) -> list[np.ndarray]:
    return [poisson_arrivals(rate, round(rate * seconds), seed + k) for k, rate in enumerate(RATES)]


def test_priorities_that_interrupt_nobody_make_each_frame_wait_as_an_independent_queue_does(chip: NnaConfig) -> None:
    arrivals = classes(3, seed=4)
    waits = simulated_waits_by_class(arrivals, ELEMENTS, chip, "priority")
    for simulated, expected in zip(waits, priority_waits(arrivals, SERVICES), strict=True):
        assert simulated == pytest.approx(expected, abs=1e-6)
        assert expected.max() > SERVICES[0]


def test_mean_waits_of_models_with_priorities_are_cobhams(chip: NnaConfig) -> None:
    waits = simulated_waits_by_class(classes(60, seed=50), ELEMENTS, chip, "priority")
    assert [wait.mean() for wait in waits] == pytest.approx(cobham_waits(SERVICES, RATES), rel=0.02)


def test_an_independent_queue_with_priorities_is_cobhams() -> None:
    waits = priority_waits(classes(200, seed=10), SERVICES)
    assert [wait.mean() for wait in waits] == pytest.approx(cobham_waits(SERVICES, RATES), rel=0.02)
