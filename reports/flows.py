"""The arrows of a time line: from a DMA span to the compute span that works on its data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nnasim.ir.result import Span

COMPUTE = ("mac_array", "activation_unit")


class Flow(NamedTuple):
    """An arrow from a transfer to the work on its data; ``number`` is unique within one time line, from 1."""

    number: int
    source: Span
    target: Span


def flows(spans: Iterable[Span]) -> list[Flow]:
    """For each DMA span, an arrow to the first span of the same operation on a compute block that ends after it, if
    any.
    """
    ordered = sorted(spans, key=lambda span: (span.start, span.end, span.block, span.track))
    work: dict[str, list[Span]] = {}
    for span in ordered:
        if span.block in COMPUTE and span.kind != "stall":
            work.setdefault(span.name, []).append(span)
    arrows: list[Flow] = []
    for span in (span for span in ordered if span.block == "dma" and span.kind != "stall"):
        target = next((other for other in work.get(span.name, ()) if other.end >= span.end), None)
        if target is not None:
            arrows.append(Flow(len(arrows) + 1, span, target))
    return arrows
