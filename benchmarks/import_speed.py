"""What it costs to read a foreign model: ``python -m benchmarks.import_speed [--json FILE]``.

Silero VAD and DTLN from their packages (where installed), and a streaming encoder like Zipformer2, of 16 layers with 98
states, as torch's exporter writes it. Each is read twice in a process of its own: the first time with onnx not imported
yet. CPU seconds, one thread; the memory that the process has used in the end; the largest distance to onnxruntime of
any output over some steps of noise, each side carrying its own states; CPU milliseconds of a step in float.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from nnasim import files
from workloads.stepgraph.graph import Array, StepGraph

STEPS = 20


@dataclass(frozen=True)
class Model:
    """A file, and what ``read_onnx`` is told of it. ``constants``: what onnxruntime is given of bound inputs."""

    name: str
    path: Path
    given: Mapping[str, Any]
    constants: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """``nodes``: of the file; ``run``: those that are left. CPU seconds, MB, and the distance to onnxruntime."""

    name: str
    nodes: int
    run: int
    states: int
    first_seconds: float
    again_seconds: float
    peak_mb: float
    distance: float
    step_ms: float


def models(folder: Path) -> Iterator[Model]:
    """Those that are installed, then the encoder, which is written into ``folder``."""
    from tests.workloads.foreign_models import found

    if path := found("silero_vad", "data/silero_vad.onnx"):
        given = {"shapes": {"input": (1, 576)}, "bind": {"sr": 16000}}
        yield Model("Silero VAD, 16 kHz", path, given, {"sr": np.array(16000)})
    for part, state in ((1, "input_3:tf_op_layer_stack_2"), (2, "input_5:tf_op_layer_stack_5")):
        if path := found("livekit", f"plugins/dtln/models/model_{part}.onnx"):
            yield Model(f"DTLN, part {part}", path, {"states": [state]})
    path = apart(_encoder, folder / "encoder.onnx")
    yield Model("streaming Zipformer-like", path, {"shapes": {"x": (1, 45, 80)}, "bind": {"N": 1}})


def _encoder(path: Path) -> Path:
    from tests.workloads.importers.zipformer_like import exported, zipformer_like

    return exported(zipformer_like(), path)


def apart(function: Callable[[Any], Any], argument: Any) -> Any:
    """What ``function`` returns in a process of its own, whose memory begins with nothing."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (argument,))


def measured(model: Model) -> Figures:
    """Figures of a model, in a process that has read nothing yet."""
    first, graph = _timed(lambda: _read(model))
    again, _ = _timed(lambda: _read(model))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    distance, step_seconds = _beside_onnxruntime(model, graph)
    return Figures(
        name=model.name,
        nodes=_file_nodes(model.path),
        run=len(graph.nodes),
        states=len(graph.states),
        first_seconds=first,
        again_seconds=again,
        peak_mb=peak,
        distance=distance,
        step_ms=1e3 * step_seconds,
    )


def _read(model: Model) -> StepGraph:
    from workloads.importers.onnx_reader import read_onnx

    return read_onnx(model.path, **model.given)


def _timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returns."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def _file_nodes(path: Path) -> int:
    """Nodes of a file, those of branches too."""
    import onnx

    def of(graph: Any) -> int:
        return len(graph.node) + sum(of(a.g) for node in graph.node for a in node.attribute if a.HasField("g"))

    return of(onnx.load(path).graph)


def _beside_onnxruntime(model: Model, graph: StepGraph) -> tuple[float, float]:
    """The largest distance to onnxruntime, and CPU seconds of a step of ours."""
    import onnxruntime

    from workloads.stepgraph.run import FloatRun, initial_states

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    ours = theirs = initial_states(graph)
    run, rng, largest, seconds = FloatRun(graph), np.random.default_rng(0), 0.0, 0.0
    for _ in range(STEPS):
        heard = {name: rng.standard_normal(graph.inputs[name].shape).astype(np.float32) for name in graph.audio}
        took, outputs = _timed(lambda heard=heard, ours=ours: run({**heard, **ours}))
        seconds += took
        expected = dict(zip(names, session.run(None, {**heard, **theirs, **model.constants}), strict=True))
        largest = max(largest, *(float(np.abs(outputs[name] - expected[name]).max()) for name in names))
        ours, theirs = ({state.input: values[state.output] for state in graph.states} for values in (outputs, expected))
    return largest, seconds / STEPS


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=Path("import_speed.json"), help="the file to write")
    target = parser.parse_args().json
    print(f"{'':<26}{'nodes':>7}{'run':>6}{'states':>8}{'first s':>9}{'again s':>9}{'MB':>6}{'distance':>10}{'ms':>7}")
    rows = list[Figures]()
    with TemporaryDirectory() as folder:
        for model in models(Path(folder)):
            row: Figures = apart(measured, model)
            rows.append(row)
            times = f"{row.first_seconds:>9.2f}{row.again_seconds:>9.2f}{row.peak_mb:>6.0f}"
            print(
                f"{row.name:<26}{row.nodes:>7}{row.run:>6}{row.states:>8}{times}{row.distance:>10.1e}{row.step_ms:>7.1f}"
            )
    files.write_json(target, {row.name: asdict(row) for row in rows}, force=True)


if __name__ == "__main__":
    main()
