"""The job of a sweep that a store remembers, and whether version 0.1 computed its points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnasim.hardware.read_latency import CYCLES, dram_fields, in_ns
from nnasim.sweeps.job import Job, make_job
from nnasim.sweeps.spec import parse_sweep_file
from nnasim.sweeps.stored_rows import understood


def job_of(record: Mapping[str, Any], store: object) -> Job:
    """The job of a stored sweep without its traces: their hashes are all that keys need.

    A chip of version 0.1, whose DRAM counts its latency in cycles, is accepted unchanged: it has been run.
    """
    stored = understood(record, store)
    spec = parse_sweep_file(stored.study, store)
    job = make_job(spec, in_ns(stored.base, store), (), store, stored.scored, check=not of_version_0_1(record))
    return job.with_hashes(stored.trace_hashes)


def of_version_0_1(record: Mapping[str, Any]) -> bool:
    """Whether the sweep's chip is of version 0.1: its points have other keys than the same points would have now."""
    return CYCLES in dram_fields(understood(record, "store").base)
