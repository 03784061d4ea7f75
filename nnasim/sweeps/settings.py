"""A point of a sweep as options of the command line: its chip on the sweep's base."""

from __future__ import annotations

import json

from nnasim.shellwords import shell_line
from nnasim.sweeps.fields import Scalar, find_field
from nnasim.sweeps.job import Job, Values


def chip_settings(job: Job, values: Values) -> list[str]:
    """`--set` arguments on the sweep's base: what the sweep file sets for all points, and what this one varies."""
    fixed = {name: find_field(name, "set").coerce(value) for name, value in job.spec.set.items()}
    return [f"{name}={written(value)}" for name, value in {**fixed, **values}.items() if _is_chip(name)]


def chip_options(job: Job, values: Values) -> str:
    """The chip of a point as a shell reads it, such as "--preset edge256 --set host.handoff_us=20"."""
    words = (word for setting in chip_settings(job, values) for word in ("--set", setting))
    return shell_line(["--preset", job.spec.base, *words])


def written(value: Scalar) -> str:
    """``value`` as `--set` reads it."""
    return value if isinstance(value, str) else json.dumps(value)


def is_file(base: str) -> bool:
    """Whether a sweep's base is a file, not the name of a preset."""
    return base.endswith((".yaml", ".yml"))


def _is_chip(name: str) -> bool:
    return find_field(name, "axes").target == "chip"
