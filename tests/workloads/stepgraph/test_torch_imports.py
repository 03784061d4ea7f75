"""Streaming modules as people write them, imported through torch.export: all of it on the chip, integer by integer."""

import pytest

pytest.importorskip("torch")

from tests.workloads.importers.torch_modules import CASES, case
from tests.workloads.stepgraph.exact import FINE, exact, noise
from tests.workloads.stepgraph.imports import lowered
from workloads.importers.torch_reader import read_torch


@pytest.mark.parametrize("name", CASES)
def test_the_chip_runs_all_of_it_and_computes_what_the_reference_does(name: str) -> None:
    made = case(name)
    graph = read_torch(made.module, made.example, states=made.states)
    ledger = lowered(graph).ledger
    assert ledger.counts["refused"] == ledger.counts["cpu"] == 0
    assert sum(ledger.counts.values()) == len(graph.nodes)
    found = exact(graph, noise(graph, calls=8), FINE)
    assert min(found.values()) > 30, found
