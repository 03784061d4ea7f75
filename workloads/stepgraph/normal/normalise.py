"""A StepGraph as a chip sees it: few, large nodes; each rewriting is a file of its own, and their order is here."""

from __future__ import annotations

from collections.abc import Callable

from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.normal.folding import with_folded_constants
from workloads.stepgraph.normal.masks import with_masks
from workloads.stepgraph.normal.packed_states import with_states_apart
from workloads.stepgraph.normal.patterns import with_patterns
from workloads.stepgraph.normal.products import with_products
from workloads.stepgraph.normal.registers import with_registers
from workloads.stepgraph.normal.rephrasing import rephrased
from workloads.stepgraph.normal.rewriting import Normal
from workloads.stepgraph.normal.tables import FUSION_RULE, with_tables
from workloads.stepgraph.normal.views import with_views
from workloads.stepgraph.normal.written_out_lstm import with_whole_lstms

# Patterns are looked for in what the exporter wrote, so before anything else is written in its place; tables take what
# the folding of constants leaves.
REWRITINGS: tuple[Callable[[Normal], Normal], ...] = (
    with_states_apart,
    with_registers,
    with_patterns,
    with_products,
    with_folded_constants,
    with_masks,
    rephrased,
    with_tables,
    with_views,
    with_whole_lstms,
)


def normalised(graph: StepGraph) -> Normal:
    """``graph`` after all rewritings. It computes the same outputs, but for the order of float operations."""
    normal = Normal.of(graph)
    for rewriting in REWRITINGS:
        normal = rewriting(normal)
    return normal


__all__ = ["FUSION_RULE", "REWRITINGS", "normalised"]
