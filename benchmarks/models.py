"""What a chip makes of other people's models: ``python -m benchmarks.models [--write docs/models.md]``.

Each model is read, lowered and simulated on ``edge256`` for a second of audio. Prints a Markdown table: where its nodes
went, multiply-accumulates, cycles and time of a call, and what the import took. Models come from packages of PyPI; what
is not installed is named, and then nothing is written. One process, one thread, CPU time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nnasim

CHIP = "edge256"
BEGIN, END = "<!-- python -m benchmarks.models --write docs/models.md -->", "<!-- end -->"


@dataclass(frozen=True)
class Listed:
    """A model of the table. ``models``: what ``nnasim.import_model`` is given; ``given``: and how it is told.

    ``where``: the package that brings it, or what made it; ``period_ms``: from one call to the next.
    """

    name: str
    where: str
    models: Callable[[], Any]
    period_ms: float
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """``nodes``: by where they went; ``macs``, ``cycles``, ``ms``: of a call; ``seconds``: of the import, CPU time.

    ``refused``: how many nodes were, and the first reason.
    """

    listed: Listed
    nodes: Mapping[str, int] = field(default_factory=dict)
    macs: int = 0
    cycles: int = 0
    ms: float = 0
    seconds: float = 0
    claim: str = ""
    refused: tuple[int, str] | None = None


def in_package(package: str, inner: str) -> Path:
    """A file of an installed package, which is not imported. FileNotFoundError where it is not there."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / inner).is_file():
            return path
    raise FileNotFoundError(package)


def _file(package: str, inner: str) -> Callable[[], Path]:
    return lambda: in_package(package, inner)


def _silero(name: str) -> Callable[[], Path]:
    return _file("silero_vad", f"data/{name}.onnx")


def _dtln(part: int) -> Callable[[], Path]:
    return _file("livekit", f"plugins/dtln/models/model_{part}.onnx")


def _wake_word(name: str) -> Callable[[], Path]:
    return _file("pymicro_wakeword", f"models/{name}.tflite")


def _module(name: str) -> Callable[[], Any]:
    """A torch module of the tests, with random weights, as a graph."""

    def read() -> Any:
        from tests.workloads.importers.torch_modules import case

        made = case(name)
        return nnasim.read_torch(made.module, made.example, states=made.states or None)

    return read


def _transducer() -> dict[str, Any]:
    """An icefall-style transducer: LSTM with projection, a prediction network without state, a joiner."""
    return {
        "encoder": _module("icefall_encoder")(), "decoder": _module("icefall_decoder")(), "joiner": _module("joiner")(),
    }  # fmt: skip


def _recogniser() -> Any:
    """The bundled recogniser's float weights, as foreign graphs."""
    from aat_training.checkpoint import load_checkpoint  # noqa: F401

    raise NotImplementedError


def _zipformer() -> Path:
    """A streaming encoder like Zipformer2, its 10,000 nodes written by torch's exporter."""
    from tests.workloads.importers.zipformer_like import exported, zipformer_like

    return exported(zipformer_like(), Path(tempfile.mkdtemp()) / "zipformer_like.onnx")
