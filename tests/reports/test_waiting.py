"""What helps most, in a few words behind each result's name."""

import pytest

from nnasim.ir.explanation import Figures, WhatIf
from reports.waiting import helps_most
from reports.waits import Waits


def figures(frame_ms: float, bottleneck: str) -> Figures:
    return Figures(frame_ms=frame_ms, engine_ms=frame_ms, bottleneck=bottleneck)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame_ms", "then", "said"),
    [
        (5.0, "cpu", "; infinite CPU saves 50.0 %"),
        (5.0, "dram", "; infinite CPU saves 50.0 %, then weights from DRAM binds"),
        (0.0, "cpu", "; infinite CPU saves all of it"),
        (0.001, "dram", "; infinite CPU saves all of it"),  # what binds the rest is no news
        (10.0, "dram", ""),
    ],
)
def test_a_limit_and_what_then_binds(frame_ms: float, then: str, said: str) -> None:
    what_if = WhatIf(limit="infinite CPU", changes={}, figures=figures(frame_ms, then))
    waits = Waits(frame=0, by_cause_ms={}, base=figures(10.0, "cpu"), what_ifs=(what_if,))
    assert helps_most(waits) == said
