"""The simulated queue against queueing theory: frame by frame against Lindley, Lindley against the closed forms.

``tests/proof/run_queueing.py`` holds the simulator itself against the closed forms, on enough frames for 2 %.
"""

import numpy as np
import pytest

from nnasim.hardware import NnaConfig, load_preset
from tests.proof.queue_trace import poisson_arrivals, simulated_waits
from tests.proof.queueing_laws import dd1_wait, lindley_waits, md1_wait

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
