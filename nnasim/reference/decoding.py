"""Greedy decoding on the real integers, with this package's own recogniser."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnasim.ir.trace import OpTrace
from nnasim.reference.executor import Integers, Reference


def decode(reference: Reference, features: NDArray[Any], max_symbols: int) -> tuple[list[int], list[Integers]]:
    """Greedy decoding of one utterance: stacked normalised features (T, F) -> tokens, and each joint step's logits."""
    graphs = reference.trace.graphs
    reduction = _reduction(reference.trace)
    tokens: list[int] = []
    logits: list[Integers] = []
    reference.reset()
    reference.run("prediction")
    for number, frame in enumerate(features, start=1):
        reference.tensors["features"] = frame.astype(np.float64)
        reference.run("encoder")
        if number % reduction:
            continue
        if "encoder_top" in graphs:
            reference.run("encoder_top")
        for _ in range(max_symbols):
            reference.run("joint")
            logits.append(reference.tensors["logits"].copy())
            token = int(reference.tensors["token"][0])
            if token == 0:
                break
            tokens.append(token)
            reference.run("prediction")
    return tokens, logits


def _reduction(trace: OpTrace) -> int:
    if "enc.stack" not in trace.tensors:
        return 1
    source = next(op.x for op in trace.graphs["encoder"].ops if op.name == "enc.stack")
    return trace.tensors["enc.stack"].elements // trace.tensors[source].elements
