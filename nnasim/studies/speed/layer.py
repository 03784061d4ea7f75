"""One matrix product as a command of its own: ours and other tools', the start of each included."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnasim.ir.io import write_record
from nnasim.ir.trace import OpGraph, OpTrace, Utterance, placement_of
from nnasim.numerics.config import NumericsConfig
from nnasim.studies.speed.figure import figure
from nnasim.studies.speed.peers import nnasim_layer
from nnasim.studies.speed.peers.measure import PEERS, Cost, K, N, child_seconds, cost, installed_version
from workloads.rnnt.builder import GraphBuilder


def layer_figures(preset: str, pythons: Sequence[str]) -> dict[str, dict[str, Any]]:
    """One matrix product as a command of its own, ours and other tools'; ``pythons``: where to look for them."""
    ours = our_layer_seconds(preset)
    figures: dict[str, dict[str, Any]] = {}
    for peer in PEERS:
        having = next((python for python in pythons if installed_version(peer.distribution, python)), None)
        theirs = cost(peer, having) if having else Cost(peer.quoted_s, f"{peer.name} {peer.version}, quoted")
        figures[f"one_layer_beside_{peer.name.lower().replace('-', '_')}"] = figure(
            ours, "s", theirs.description, theirs.seconds
        )
    return figures


def our_layer_seconds(preset: str) -> float:
    """CPU seconds of `nnasim simulate` on the layer that other tools are given, start of the interpreter included."""
    with tempfile.TemporaryDirectory(prefix="nnasim-bench-") as folder:
        write_record(Path(folder) / "layer.json", layer_trace(N, K))
        return child_seconds(nnasim_layer.command(sys.executable, preset), Path(folder))


def layer_trace(n: int, k: int) -> OpTrace:
    """A trace of one int8 matrix product with its requantise: (n, k) weights, one row of input, one frame."""
    build = GraphBuilder(NumericsConfig(), "aat")
    x = build.tensor("x", (k,), 8, "input")
    build.matmul("layer", "layer.mm", x, "layer.w", n, k, bias=False, out="y", bits=8, role="output")
    utterance = Utterance(id="layer", audio_seconds=0.03, arrivals=(0.03,), call_graphs=("layer",), call_frames=(0,))
    return OpTrace(
        system="aat",
        placement=placement_of("aat"),
        numerics=NumericsConfig(),
        tensors=build.tensors,
        graphs={name: OpGraph(ops=tuple(ops)) for name, ops in build.graphs.items()},
        utterances=(utterance,),
    )
