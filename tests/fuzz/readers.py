"""Every reader of files: the seed that is mutated, how, and the command that reads it from the folder of seeds."""

from __future__ import annotations

from typing import NamedTuple

from tests.fuzz.bound import (
    Bind,
    bind_manifest,
    bind_nothing,
    bind_shard,
    bind_weights,
    of_shard,
    of_training_state,
)
from tests.fuzz.flac import of_flac
from tests.fuzz.mutation import (
    Mutate,
    of_bytes,
    of_json,
    of_json_lines,
    of_json_within,
    of_onnx,
    of_sqlite,
    of_text,
    of_zip,
    sometimes_bytes,
)
from tests.fuzz.tensors import of_safetensors
from tests.fuzz.wav import of_wav


class Reader(NamedTuple):
    """``seed``: the file whose mutants stand in its place while ``command`` runs; all that it writes begins "out".

    ``seconds``: of CPU for the seed; ``bind``: sets right, in other files, what is bound to a mutant.
    """

    name: str
    seed: str
    mutate: Mutate
    command: str
    seconds: float = 0.1
    bind: Bind = bind_nothing

    @property
    def words(self) -> list[str]:
        return self.command.split()


def _reader(
    name: str, seed: str, mutate: Mutate, command: str, seconds: float = 0.1, bind: Bind = bind_nothing
) -> Reader:
    return Reader(name, seed, sometimes_bytes(mutate), command.replace("FILE", seed), seconds, bind)


IMPORT = "import model.onnx --period-ms 10 --seconds 0.05 --out out.json"
FIT = "fit board.csv --fields host.handoff_us --out"
EVALUATE = "evaluate --manifest manifest.jsonl --checkpoint checkpoint --system float --limit 1 --json out.json"
CHIP = "evaluate --manifest manifest.jsonl --checkpoint chip --system aat --limit 1 --json out.json"
TRAIN = "train --recipe tiny --train shards --dev manifest.jsonl --steps 1 --workers 0 --out out"
RESUME = TRAIN.replace(
    "--steps 1 --workers 0 --out out", "--steps 4 --evaluate-every 2 --workers 0 --out stopped --resume"
)
LINES = "shards/sharded_manifests/manifest_0.json"
SHARD = "data shard FILE --hours-per-shard 0.001 --out out"
DESCRIPTION = of_json_within("recipe", "tokens", "quantisation")

READERS = (
    _reader("trace", "small.json", of_json, "simulate FILE --out out.json --quiet"),
    _reader("trace of a model", "imported.json", of_json, "simulate FILE --functional --out out.json --quiet"),
    _reader("integers", "imported.json.safetensors", of_safetensors,
            "simulate imported.json --functional --out out.json"),
    _reader("inputs", "steps.npz", of_zip, "simulate imported.json --functional --inputs FILE --out out.json"),
    _reader("several traces", "small.json", of_json, "simulate FILE imported.json --streams 2 --out out.json"),
    _reader("difference", "imported.json", of_json, "diff FILE imported_too.json", 0.01),
    _reader("explained trace", "small.json", of_json, "explain FILE --quiet --out out.json", 0.3),
    _reader("explained result", "result.json", of_json, "explain FILE --quiet", 0.3),
    _reader("rerun result", "result.json", of_json, "rerun FILE"),
    _reader("report of a result", "result.json", of_json, "report FILE --out out.html", 0.8),
    _reader("report of streams", "shared.json", of_json, "report FILE --out out.html", 0.3),
    _reader("results compared", "result.json", of_json, "compare-results FILE result_too.json", 0.01),
    _reader("budget", "budget.yaml", of_text, "check-budget result.json FILE --junit out.xml --markdown out.md", 0.02),
    _reader("result in budget", "result.json", of_json, "check-budget FILE budget.yaml", 0.02),
    _reader("chips compared", "chips/chips.json", of_json, "rerun chips", 2),
    _reader("comparison", "compared/summary.json", of_json, "report compared --out out.html", 4),
    _reader("chip", "chip.yaml", of_text, "simulate small.json --preset FILE --out out.json --quiet", 0.1),
    _reader("chip shown", "chip.yaml", of_text, "presets FILE", 0.06),
    _reader("placement", "placement.yaml", of_text, "compare --trace small.json --placement FILE --out out --quiet",
            3),
    _reader("sweep file", "sweep.yaml", of_text, "sweep FILE --store out.sqlite --dry-run --jobs 1", 0.04),
    _reader("store", "store.sqlite", of_sqlite, "sweep-report FILE --out out.html", 0.8),
    _reader("store exported", "store.sqlite", of_sqlite, "sweep-export FILE --out out.csv", 0.03),
    _reader("store checked", "store.sqlite", of_sqlite, "store check FILE --into out.sqlite", 0.02),
    _reader("store merged", "store.sqlite", of_sqlite, "merge FILE --into out.sqlite", 0.02),
    _reader("journal", "journal.log", of_json_lines,
            "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage FILE", 0.1),
    _reader("onnx checked", "model.onnx", of_onnx, "check FILE"),
    _reader("onnx imported", "model.onnx", of_onnx, IMPORT),
    _reader("onnx calibrated", "model.onnx", of_onnx, f"{IMPORT} --calibrate steps.npz"),
    _reader("transducer", "encoder.onnx", of_onnx, "import --encoder FILE --decoder decoder.onnx --joiner joiner.onnx "
            "--period-ms 40 --symbols-per-second 4 --out out.json"),
    _reader("tflite checked", "model.tflite", of_bytes, "check FILE"),
    _reader("tflite imported", "model.tflite", of_bytes, "import FILE --period-ms 10 --out out.json"),
    _reader("calibration zip", "steps.npz", of_zip, f"{IMPORT} --calibrate FILE"),
    _reader("calibration arrays", "steps.safetensors", of_safetensors, f"{IMPORT} --calibrate FILE"),
    _reader("calls", "calls.csv", of_text, "import model.onnx --calls FILE --out out.json"),
    _reader("products", "layers.csv", of_text, "import FILE --period-ms 10 --out out.json"),
    _reader("convolutions", "convolutions.csv", of_text, "import FILE --period-ms 10 --out out.json"),
    _reader("measurements", "board.csv", of_text, f"{FIT} out.yaml", 0.5),
    _reader("evaluations", "fitted.yaml.evaluated.jsonl", of_json_lines, f"{FIT} fitted.yaml --resume", 0.5),
    _reader("measured table", "opentpu.csv", of_text, "validate --reference FILE --out out --quiet", 0.5),
    _reader("manifest", "manifest.jsonl", of_json_lines, EVALUATE),
    _reader("alignment", "manifest.align.jsonl", of_json_lines, EVALUATE),
    _reader("wav", "speech1.wav", of_wav, EVALUATE.replace("--limit 1", "--limit 2")),
    _reader("wav cut", "speech1.wav", of_wav, SHARD.replace("FILE", "cuts.jsonl"), 0.02),
    _reader("flac", "speech0.flac", of_flac, EVALUATE),
    _reader("flac cut", "speech0.flac", of_flac, SHARD.replace("FILE", "cuts.jsonl"), 0.02),
    _reader("cuts", "cuts.jsonl", of_json_lines, SHARD, 0.02),
    _reader("cepstra", "speech.mfc", of_bytes, SHARD.replace("FILE", "cepstra.jsonl"), 0.02),
    _reader("speech of another tool", "cuts.jsonl", of_json_lines, "data import FILE --out out.jsonl", 0.02),
    _reader("lhotse", "lhotse.jsonl", of_json_lines, "data import FILE --out out.jsonl", 0.02),
    _reader("table of speech", "speech.csv", of_text, "data import FILE --out out.jsonl", 0.02),
    _reader("checkpoint", "checkpoint/model.json", DESCRIPTION, EVALUATE, 0.1, bind_weights("checkpoint")),
    _reader("weights", "checkpoint/model.safetensors", of_safetensors, EVALUATE, 0.1, bind_weights("checkpoint")),
    _reader("checkpoint of a chip", "chip/model.json", DESCRIPTION, CHIP, 0.2, bind_weights("chip")),
    _reader("weights of a chip", "chip/model.safetensors", of_safetensors, CHIP, 0.2, bind_weights("chip")),
    _reader("training state", "stopped/resume.safetensors", of_training_state, RESUME, 0.3),
    _reader("index of shards", "shards/index.json", of_json, TRAIN, 0.2),
    _reader("manifest of a shard", LINES, of_json_lines, TRAIN, 0.2, bind_manifest),
    _reader("shard", "shards/audio_0.tar", of_shard, TRAIN, 0.2, bind_shard),
)  # fmt: skip
