"""A point of a sweep as commands: what to type so that `nnasim` computes its figures again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from nnasim.ir.trace import System
from nnasim.sweeps.job import Job, Values, beside
from nnasim.sweeps.settings import chip_settings, is_file
from nnasim.sweeps.spec import ShapeTrace


def commands(job: Job, values: Values, source: Path) -> list[str]:
    """Commands that compute a point's figures again, from the folder in which the sweep was run.

    For each trace of the sweep one that makes it, unless it is the stored file itself, and one that simulates it; then
    one for the word errors, unless a model was trained on for them.
    """
    chip = ["--preset", _path(job.spec.base, source) if is_file(job.spec.base) else job.spec.base]
    numerics = list(chip)
    for setting in chip_settings(job, values):
        chip += ["--set", setting]
        if setting.startswith("numerics."):
            numerics += ["--set", setting]
    lines = []
    for number, entry in enumerate(job.spec.traces, start=1):
        trace_file = f"trace-{number}.json"
        making = _making(job, entry, job.beside_chip(values), numerics, source)
        if making:
            lines.append(["trace", *making, "--out", trace_file])
        trace = trace_file if making else _path(str(entry), source)
        lines.append(["simulate", trace, *chip, *_options(job, values), "--out", f"result-{number}.json"])
    lines += _words(job, values, numerics, source)
    return [shlex.join(["nnasim", *line]) for line in lines]


def _path(name: str, source: Path) -> str:
    return str(beside(name, source))


def _making(job: Job, entry: str | ShapeTrace, other: dict[str, Any], numerics: list[str], source: Path) -> list[str]:
    """Arguments of `nnasim trace`; none if the stored trace is what ran."""
    places = [f"{name.partition('.')[2]}={unit}" for name, unit in other.items() if name.startswith("placement.")]
    system = other.get("system")
    if isinstance(entry, ShapeTrace):
        shape = _path(entry.shape, source) if is_file(entry.shape) else entry.shape
        arguments = ["--shape", shape, "--frames", str(entry.frames), "--symbols", str(entry.symbols)]
        arguments += ["--system", system or entry.system]
    elif job.retargets or places:
        arguments = ["--from", _path(entry, source), *(["--system", system] if system else [])]
    else:
        return []
    return [*arguments, *numerics, *(word for place in places for word in ("--place", place))]


def _options(job: Job, values: Values) -> list[str]:
    wait = job.options(values).endpointer_ms
    return [] if wait is None else ["--endpointer-ms", json.dumps(wait)]


def _words(job: Job, values: Values, numerics: list[str], source: Path) -> list[list[str]]:
    spec = job.spec.accuracy
    if spec is None:
        return []
    system: System = job.beside_chip(values).get("system", spec.system)  # type: ignore[assignment]
    if spec.finetune and system == "aat":
        return []
    checkpoint = source.parent / spec.checkpoints / ("aat" if system == "aat" else "float")
    line = ["evaluate", "--checkpoint", str(checkpoint), "--manifest", str(source.parent / spec.manifest)]
    line += ["--system", system, *numerics, *(["--limit", str(spec.limit)] if spec.limit else [])]
    return [[*line, "--json", "words.json"]]
