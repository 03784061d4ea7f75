"""Whole utterances on the functional chip, compared with the reference, integer by integer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.compiler import CompiledTrace
from nnasim.compiler.schedule import utterance_steps
from nnasim.errors import TraceError
from nnasim.functional.datapath import SramDatapath
from nnasim.functional.packing import Integers
from nnasim.hardware import NnaConfig
from nnasim.ir.run import StepRun
from nnasim.ir.trace import OpTrace, Utterance
from nnasim.reference import Reference
from nnasim.sim.run import run_steps

Features = NDArray[np.float64]


@dataclass(frozen=True)
class CosimReport:
    """``values``: integers compared (every logit of every joint step); ``mismatches``: how many differ."""

    utterances: int
    joint_steps: int
    values: int
    mismatches: int


def cosimulate(
    trace: OpTrace, chip: NnaConfig, constants: Mapping[str, NDArray[Any]], features: Sequence[Features]
) -> CosimReport:
    """Run ``trace`` on the chip with real integers; ``features``: one (frames, features) array per utterance.

    Raises TraceError if the trace is not an integer system, or features and trace do not agree.
    """
    if trace.system not in ("naive", "aat"):
        raise TraceError("functional run", "system", trace.system, "only naive and aat compute in integers alone")
    compiled = CompiledTrace(trace, chip)
    datapath, reference = SramDatapath(compiled, constants), Reference(trace, constants)
    steps = values = mismatches = 0
    for utterance, on_chip, utterance_features in zip(
        trace.utterances, compiled.trace.utterances, features, strict=True
    ):
        check_features(trace, utterance, utterance_features)
        run_on_chip(compiled, datapath, on_chip, utterance_features)
        expected = run_reference(reference, utterance, utterance_features)
        steps += len(expected)
        values += sum(row.size for row in expected)
        mismatches += sum(int((a != b).sum()) for a, b in zip(datapath.logits, expected, strict=True))
    return CosimReport(len(features), steps, values, mismatches)


def check_features(trace: OpTrace, utterance: Utterance, features: Features) -> None:
    """TraceError unless ``features`` has a row for every frame, of the size of every input."""
    for name, spec in trace.tensors.items():
        wanted = (len(utterance.arrivals), spec.elements)
        if spec.role == "input" and features.shape != wanted:
            raise TraceError(
                f"features of {utterance.id}", name, list(features.shape), f"must have the shape {list(wanted)}"
            )


def run_on_chip(
    compiled: CompiledTrace, datapath: SramDatapath, utterance: Utterance, features: Features
) -> list[StepRun]:
    """One utterance of ``compiled.trace``, every event; ``datapath.logits`` holds what every argmax read."""
    datapath.reset()
    datapath.features, datapath.logits = features, []
    return run_steps(list(utterance_steps(compiled, utterance)), compiled.chip, datapath=datapath)


def run_reference(reference: Reference, utterance: Utterance, features: Features) -> list[Integers]:
    """What every argmax reads when numpy runs the same invocations."""
    reference.reset()
    inputs = [name for name, spec in reference.trace.tensors.items() if spec.role == "input"]
    logits: list[Integers] = []
    for graph, frame in zip(utterance.call_graphs, utterance.call_frames, strict=True):
        reference.tensors.update(dict.fromkeys(inputs, features[frame]))
        reference.run(graph)
        read = (op.x for op in reference.trace.graphs[graph].ops if op.kind == "argmax")
        logits += [reference.tensors[name].copy() for name in read]
    return logits
