"""The chip's own integers compared with the reference's: whether a stored trace is computed right, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nnasim.errors import SimulationError, shown
from nnasim.functional.cosimulate import CosimReport, cosimulate
from nnasim.functional.observed import outputs_of
from nnasim.functional.stored import heard_of_steps, random_features, read_constants, split_features
from nnasim.hardware import NnaConfig
from nnasim.ir.result import Functional
from nnasim.ir.trace import OpTrace
from workloads.stepgraph.steps import read_arrays

STORED, NOISE = "stored", "random, seed 0"


def compared(path: Path, trace: OpTrace, chip: NnaConfig, inputs: Path | None = None) -> Functional:
    """The comparison of every event of the ``trace`` at ``path`` with the real integers.

    ``inputs``: a file of inputs, in place of those stored with the integers, or of noise. Raises SimulationError unless
    the chip's integers are all the reference's, and TraceError or FileError for files that are missing.
    """
    arrays = read_constants(path, trace)
    return compared_with(arrays, trace, chip, path, inputs)


def compared_with(
    arrays: Mapping[str, NDArray[Any]], trace: OpTrace, chip: NnaConfig, path: Path, inputs: Path | None = None
) -> Functional:
    """``compared`` for integers that are at hand; ``path``: what a message calls the trace."""
    constants, features = split_features(dict(arrays), trace)
    origin = NOISE if features is None else STORED
    if inputs is not None:
        features, origin = heard_of_steps(read_arrays(inputs), trace, inputs), inputs.name
    report = cosimulate(trace, chip, constants, random_features(trace) if features is None else features)
    return agreed(report, path, origin)


def agreed(report: CosimReport, path: Path, origin: str) -> Functional:
    """The section of a result about a comparison without a difference.

    ``origin``: the source of the inputs. Raises SimulationError, which names the trace at ``path``, for a difference.
    """
    if report.mismatches:
        which = ", ".join(f"{count:,} of {shown(name)}" for name, count in report.different.items())
        counts = f"{report.mismatches:,} of {report.values + report.states:,} integers: {which}"
        raise SimulationError(f"{path}: the functional chip differs from the reference in {counts}")
    return Functional(
        utterances=report.utterances,
        joint_steps=report.joint_steps,
        values=report.values,
        states=report.states,
        mismatches=report.mismatches,
        features=origin[:200],
    )


def compared_lines(section: Functional, trace: OpTrace) -> Iterator[str]:
    """Lines that say what was compared, and with which inputs."""
    if section.values:
        what = "integers of outputs" if outputs_of(trace) else "logits"
        yield f"functional: 0 of {section.values:,} {what} differ from the reference (features: {section.features})"
    if section.states:
        yield f"functional: 0 of {section.states:,} integers of last states differ from the reference"
