"""The workload of an OpTrace: its speech and its model, without the system, its arithmetic or its decoded words."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from nnasim.ir.result import Workload
from nnasim.ir.trace import OpTrace


def workload_of(trace: OpTrace) -> Workload:
    """The workload of ``trace``, equal for every system with the same speech and a model of the same shape."""
    weights = {name: list(spec.shape) for name, spec in trace.tensors.items() if spec.role == "weight"}
    speech = [[utterance.id, utterance.audio_seconds, list(utterance.arrivals)] for utterance in trace.utterances]
    return Workload(
        speech=_digest(speech),
        model=_digest(sorted(weights.items())),
        name=trace.name,
        weights=sum(spec.elements for spec in trace.tensors.values() if spec.role == "weight"),
    )


def _digest(data: Any) -> str:
    """16 hex digits of plain data."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
