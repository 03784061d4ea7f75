"""`nnasim bench`: how fast this package is, each figure beside what it is compared with."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nnasim.ir.result import SimResult
    from nnasim.ir.trace import OpTrace

# What one frame of the paper-sized RNN-T, 17 matrix products, cost other tools: CPU seconds, measured once on two cores
# with SCALE-Sim 3.0.0, ZigZag 3.9.1 and Vela 5.2.0. Ranges are given by their cheaper end.
SCALE_SIM_S, ZIGZAG_S, VELA_S, PRODUCTS = 460.0, 8.0, 5.0, 17
FRAMES = 333  # ten seconds of audio


def command(
    json: Annotated[Path, typer.Option(help="the file to write")],
    preset: Annotated[str, typer.Option(help="the chip to simulate")] = "edge256",
    peers: Annotated[bool, typer.Option(help="run SCALE-Sim, ZigZag and Vela too, where they are installed")] = True,
    peer_python: Annotated[
        list[Path] | None,
        typer.Option(metavar="PYTHON", help="an interpreter whose environment has such a tool; may be repeated"),
    ] = None,
    training: Annotated[bool, typer.Option(help="measure training too, where torch is installed")] = True,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
) -> None:
    """Measure the simulator on a paper-sized recogniser and write {NAME: {value, unit, compared_with, ratio}}.

    Training is measured beside torch.nn.LSTM and a float training step. Times are CPU seconds. A ratio says how many
    times better ours is: their cost over ours, our rate over theirs. Other tools run as their own commands on one
    layer, in this environment or in that of a --peer-python; "quoted" marks what was not measured in this run.

    Example: nnasim bench --json bench.json
    """
    from nnasim import files
    from nnasim.cli.unused import refuse_unused

    if not peers:
        refuse_unused("bench", "with --no-peers", peer_python=[str(path) for path in peer_python or []])
    files.refuse_existing(json, force)
    figures = measure(preset) | layer_figures(preset, _pythons(peer_python or []) if peers else [])
    figures |= training_speed() if training else {}
    files.write_json(json, figures, force=force)
    width = max(map(len, figures))
    for name, figure in figures.items():
        beside = f"  ({figure['ratio']:,.2f} x {figure['compared_with']})" if figure["ratio"] else ""
        print(f"{name:<{width}}  {figure['value']:12,.4f} {figure['unit']}{beside}")


def _pythons(more: list[Path]) -> list[str]:
    """This interpreter, and those named. FileError for one that is not there."""
    from nnasim.errors import FileError

    for path in more:
        if not path.is_file():
            raise FileError(path, "is no interpreter")
    # Not resolved: an environment's interpreter is a link, and by its place knows its packages.
    return [sys.executable, *(str(path.absolute()) for path in more)]


def measure(preset: str, frames: int = FRAMES) -> dict[str, dict[str, Any]]:
    """All figures. ``frames``: of the run with replay."""
    from nnasim.cli.doubts import load_chip
    from nnasim.ir.result import SimResult
    from nnasim.pipeline import simulate
    from nnasim.results import SimOptions
    from workloads.rnnt.builder import build_trace
    from workloads.rnnt.shapes import SHAPES

    chip, every_event = load_chip(preset, None), SimOptions(replay=False)

    def trace(count: int) -> OpTrace:
        return build_trace(SHAPES["rnnt-paper"], count, count // 4)

    def seconds(count: int, options: SimOptions | None = None) -> tuple[float, SimResult]:
        work, results = trace(count), list[SimResult]()
        spent = cpu_seconds(lambda: results.append(simulate(work, chip, options)))
        return spent, results[0]

    seconds(1, every_event)  # what is imported and filled once is no frame's cost
    first, _ = seconds(1, every_event)
    nine, result = seconds(9, every_event)
    replayed, _ = seconds(frames)
    more = (nine - first) / 8 if nine > first else nine / 9  # a busy machine may take longer for one than for nine
    operations = sum(op.count for op in result.ops)
    products = sum(op.count for op in result.ops if op.kind == "matmul")
    heard = result.utterances[0].audio_seconds
    return {
        "first_frame_every_event": figure(first, "s", "SCALE-Sim 3.0.0, one frame, quoted", SCALE_SIM_S),
        "further_frame_every_event": figure(more, "s", "ZigZag 3.9.1, one frame (8 to 18 s), quoted", ZIGZAG_S),
        f"{frames}_frames_with_replay": figure(
            replayed, "s", f"Vela 5.2.0, {frames} frames (5 to 11 s each), quoted", frames * VELA_S
        ),
        "operations_per_second": figure(
            operations / nine,
            "1/s",
            "the chip that it simulates, in real time",
            operations / heard,
            more_is_better=True,
        ),
        "matrix_products_per_second": figure(
            products / nine, "1/s", f"Vela 5.2.0, {PRODUCTS} in 5 s, quoted", PRODUCTS / VELA_S, more_is_better=True
        ),
        "memory": figure(peak_megabytes(), "MB", "SCALE-Sim 3.0.0, one frame, quoted", 1100.0),
    }


def layer_figures(preset: str, pythons: list[str]) -> dict[str, dict[str, Any]]:
    """One matrix product as a command of its own, ours and other tools'; ``pythons``: where to look for them."""
    from nnasim.studies.speed.peers.measure import PEERS, Cost, cost, installed_version

    ours = our_layer_seconds(preset)
    found: dict[str, dict[str, Any]] = {}
    for peer in PEERS:
        having = next((python for python in pythons if installed_version(peer.distribution, python)), None)
        theirs = cost(peer, having) if having else Cost(peer.quoted_s, f"{peer.name} {peer.version}, quoted")
        found[f"one_layer_beside_{peer.name.lower().replace('-', '_')}"] = figure(
            ours, "s", theirs.told, theirs.seconds
        )
    return found


def our_layer_seconds(preset: str) -> float:
    """CPU seconds of `nnasim simulate` on the layer that other tools are given, start of the interpreter included."""
    from nnasim.ir.io import write_record
    from nnasim.studies.speed.peers.measure import K, N, child_seconds

    with tempfile.TemporaryDirectory(prefix="nnasim-bench-") as folder:
        write_record(Path(folder) / "layer.json", layer_trace(N, K))
        run = "from nnasim.cli.main import main; main()"
        arguments = ["simulate", "layer.json", "--preset", preset, "--out", "result.json"]
        return child_seconds([sys.executable, "-c", run, *arguments], Path(folder))


def layer_trace(n: int, k: int) -> OpTrace:
    """A trace of one int8 matrix product with its requantise: (n, k) weights, one row of input, one frame."""
    from nnasim.ir.trace import OpGraph, OpTrace, Utterance, placement_of
    from nnasim.numerics.config import NumericsConfig
    from workloads.rnnt.builder import GraphBuilder

    build = GraphBuilder(NumericsConfig(), "aat")
    x = build.tensor("x", (k,), 8, "input")
    build.matmul("layer", "layer.mm", x, "layer.w", n, k, bias=False, out="y", bits=8, role="output")
    heard = Utterance(id="layer", audio_seconds=0.03, arrivals=(0.03,), call_graphs=("layer",), call_frames=(0,))
    return OpTrace(
        system="aat",
        placement=placement_of("aat"),
        numerics=NumericsConfig(),
        tensors=build.tensors,
        graphs={name: OpGraph(ops=tuple(ops)) for name, ops in build.graphs.items()},
        utterances=(heard,),
    )


def training_speed() -> dict[str, dict[str, Any]]:
    """Figures of exact training; none where the ``train`` extra is not installed."""
    from importlib.util import find_spec

    if any(find_spec(module) is None for module in ("torch", "torchaudio")):
        return {}
    from aat_training.bench.train_speed import figures

    return figures()


def figure(
    value: float, unit: str, compared_with: str, theirs: float, *, more_is_better: bool = False
) -> dict[str, Any]:
    """One figure; ``ratio``: how many times better ours is, theirs / ours for a cost."""
    better, worse = (value, theirs) if more_is_better else (theirs, value)
    return {
        "value": round(value, 6),
        "unit": unit,
        "compared_with": f"{compared_with}: {theirs:.4g} {unit}",
        "ratio": round(better / worse, 3) if worse > 0 else None,
    }


def cpu_seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_megabytes() -> float:
    """Largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
