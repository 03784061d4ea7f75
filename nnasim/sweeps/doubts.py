"""Warnings about implausible values in a sweep: in its base, its traces, and at the ends of each axis."""

from __future__ import annotations

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.hardware.plausible import implausible
from nnasim.sweeps.job import Job
from workloads.rnnt.plausible import implausible_trace


def implausible_points(job: Job) -> list[str]:
    """One line for each value of the base chip, a trace or an axis that was probably given in another unit."""
    base = NnaConfig.model_validate(job.base)
    lines = implausible(base)
    for name, field in job.fields.items():
        if field.target != "chip":
            continue
        axis = job.spec.axes[name]
        for value in (axis.at(0.0, field), axis.at(1.0, field)) if axis.values is None else axis.grid(field):
            try:
                lines += implausible(base.with_({name: value}))
            except ConfigError:
                continue  # legal only together with another axis's value
    lines += [line for trace in job.traces for line in implausible_trace(trace)]
    return list(dict.fromkeys(lines))
