"""Graphs lowered for tests: called once, as ``step``."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnasim.ir.trace import Op, Utterance
from nnasim.numerics.config import NumericsConfig
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.lowering.lowering import Import, to_trace
from workloads.stepgraph.standard import standard_form

STEP = "step"


def utterance(calls: int = 1) -> Utterance:
    """``calls`` calls of ``step``, 10 ms apart."""
    return Utterance(
        id="u", audio_seconds=calls * 0.01, arrivals=tuple(round((call + 1) * 0.01, 9) for call in range(calls)),
        call_graphs=(STEP,) * calls, call_frames=tuple(range(calls)),
    )  # fmt: skip


def lowered(
    graph: StepGraph, *, numerics: Mapping[str, Any] | None = None, on_cpu: Sequence[str] = (),
    calibration: Calibration | None = None, calls: int = 1,
) -> Import:  # fmt: skip
    """``graph`` alone in a trace."""
    config = NumericsConfig.model_validate(numerics or {})
    calibrations = None if calibration is None else {STEP: calibration}
    graphs = {STEP: standard_form(graph)}
    return to_trace(graphs, [utterance(calls)], config, on_cpu=on_cpu, calibration=calibrations)


def operations(made: Import) -> tuple[Op, ...]:
    return made.trace.graphs[STEP].ops


def kinds(made: Import) -> list[str]:
    return [op.kind for op in operations(made)]
