"""Random graphs: the chip equals the reference integer by integer, and both stay near the float kernels.

Of 16 bits a product keeps some 46 dB, since its weights have 8; what has several products one behind the other keeps
less. A longer run: ``python -m tests.proof.run_random_graphs``.
"""

from collections.abc import Mapping

import pytest

from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from tests.workloads.stepgraph.exact import FINE, HARSH, SMALL, exact, noise
from tests.workloads.stepgraph.imports import lowered
from tests.workloads.stepgraph.random_graphs import KINDS, graph_of, random_graph
from workloads.stepgraph.integers.calibration import calibrate

FLOOR_DB = 43.0
LOWER_DB: Mapping[str, float] = {
    "product": 40, "attention": 40, "masked_attention": 40, "register": 40, "convolution": 40, "gru": 40, "lstm": 36,
}  # fmt: skip
MIXED_FLOOR_DB = 25.0
"""Of graphs of twelve kinds of work, where an error goes through quotients, norms and states of one another."""
CALLS = 4


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_work_keeps_the_signal(kind: str) -> None:
    for seed in range(2):
        graph = graph_of(kind, seed)
        found = exact(graph, noise(graph, CALLS, seed), FINE)
        assert min(found.values()) > LOWER_DB.get(kind, FLOOR_DB), found


@pytest.mark.parametrize("seed", range(60))
def test_a_random_graph_keeps_the_signal(seed: int) -> None:
    graph = random_graph(seed)
    found = exact(graph, noise(graph, CALLS, seed), FINE)
    assert min(found.values()) > MIXED_FLOOR_DB, found


@pytest.mark.parametrize("seed", range(60, 72))
@pytest.mark.parametrize("memory", [(), SMALL], ids=["as it is", "of 16 KiB"])
def test_a_random_graph_of_8_bits_is_the_references_too_whatever_the_sram(seed: int, memory: tuple[str, ...]) -> None:
    graph = random_graph(seed)
    assert exact(graph, noise(graph, CALLS, seed), HARSH, memory)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_without_an_activation_unit_leaves_the_rest_to_the_cpu_and_claims_times_alone(kind: str) -> None:
    """As of the recogniser itself, whose gates the CPU of such a chip computes in float."""
    chip, graph = load_preset("nvdla_small"), graph_of(kind, 1)
    calibration = calibrate(graph, noise(graph, CALLS))
    made = lowered(graph, numerics=chip.numerics.model_dump(), calibration=calibration)
    assert made.constants is None
    assert made.reason == "the chip has no activation unit, so that the CPU does that work, in float"
    assert made.ledger.counts["refused"] == 0
    assert simulate(made.trace, chip).totals.cycles
