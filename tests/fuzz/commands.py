"""Every command at work on the seeds, and what it writes: OUT stands for the folder."""

from collections.abc import Sequence

SPOKEN = "--manifest manifest.jsonl --checkpoint checkpoint --limit 1"
SWEEP = "sweep sweep.yaml --jobs 1 --store"
SEARCH = "search sweep.yaml --trials 1 --jobs 1 --store"
IMPORT = "import model.onnx --period-ms 10 --seconds 0.05"
PICTURES = "--figures OUT/figures --json OUT/figures.json"
WRITING = (
    "trace --shape rnnt-mlperf --frames 2 --symbols 0 --out OUT/trace.json",
    f"trace {SPOKEN} --system naive --out OUT/trace.json",
    "simulate small.json --out OUT/result.json",
    "simulate small.json --out OUT/result.json --perfetto OUT/line.pftrace --json OUT/told.json",
    "simulate small.json imported.json --streams 2 --out OUT/result.json",
    "explain small.json --out OUT/result.json",
    "explain small.json --markdown OUT/why.md",
    "explain result.json --figures OUT/figures",
    "explain result.json --json OUT/why.json",
    f"compare --trace small.json --out OUT/compared {PICTURES}",
    f"compare-chips edge256 mcu128 --trace small.json --out OUT/chips {PICTURES}",
    "compare-results result.json result_too.json --json OUT/moved.json",
    "check-budget result.json budget.yaml --junit OUT/budget.xml",
    "check-budget result.json budget.yaml --markdown OUT/budget.md --json OUT/budget.json",
    "report result.json --out OUT/page.html",
    "report result.json --out OUT/page.html --figures OUT/figures",
    f"validate --reference opentpu.csv --out OUT/validation {PICTURES}",
    "fit board.csv --fields host.handoff_us --out OUT/board.yaml --json OUT/fields.json",
    f"{SWEEP} OUT/store.sqlite --json OUT/points.json",
    f"{SEARCH} OUT/store.sqlite --out OUT/front.json --json OUT/points.json",
    f"{SEARCH} OUT/store.sqlite --storage OUT/journal.log",
    "sweep-report store.sqlite --out OUT/page.html --figures OUT/figures",
    "sweep-export store.sqlite --out OUT/points.csv",
    "sweep-export store.sqlite --out OUT/points.parquet",
    "sweep-export store.sqlite --out OUT/points.journal",
    "merge store.sqlite --into OUT/all.sqlite",
    "store check store.sqlite --into OUT/rescued.sqlite --json OUT/rows.json",
    f"{IMPORT} --out OUT/trace.json",
    f"{IMPORT} --out OUT/trace.json --ledger OUT/nodes.csv --json OUT/told.json",
    f"{IMPORT} --calibrate steps.npz --out OUT/trace.json",
    "diff imported.json imported_too.json --json OUT/difference.json",
    "data fsdd digits --utterances 2 --max-digits 2 --out OUT/speech.jsonl",
    "data strings digits/index.tsv --utterances 2 --out OUT/speech.jsonl",
    "data synth --voices test --utterances 1 --max-digits 2 --out OUT/speech.jsonl",
    "data an4 an4 --split dev --out OUT/speech.jsonl",
    "data librispeech tree --out OUT/speech.jsonl",
    "data recombine an4.jsonl --checkpoint cepstral --utterances 2 --words 1-2 --out OUT/speech.jsonl",
    "data import cuts.jsonl --out OUT/speech.jsonl",
    "data shard manifest.jsonl --hours-per-shard 0.001 --out OUT/shards",
    f"evaluate {SPOKEN} --system float --json OUT/words.json",
    "train --recipe tiny --train shards --dev manifest.jsonl --steps 1 --workers 0 --out OUT/run --json OUT/told.json",
    "rerun result.json --json OUT/moved.json",
)
PRINTING = (
    "presets", "presets edge256", "presets --limits", "presets --schema", "check model.onnx",
    "compare-results result.json result_too.json", "compare-results result.json result_too.json --json -",
    "check-budget result.json budget.yaml", "check-budget result.json budget.yaml --json -",
    "diff imported.json imported_too.json", "diff imported.json imported_too.json --json -",
    "explain result.json", "store check store.sqlite", f"{SWEEP} store.sqlite --dry-run",
)  # fmt: skip
STUDY = "--recipe tiny --train manifest.jsonl --dev manifest.jsonl --seeds 1 --steps 1 --jobs 1"
NUMERICS = f"study numerics {STUDY} --base-steps 1 --chip lut8 --no-rules"
DELAYS = f"study delays {STUDY} --base checkpoint --penalty 0.1"
# What takes minutes as it is: its tests make the work small (tests/fuzz/studies.py), and what it writes is real.
STUDYING = (
    "bench --no-peers --no-training --json OUT/bench.json",
    "study aat --manifest manifest.jsonl --checkpoints systems --limit 1 --out OUT/study --figures OUT/figures",
    f"{NUMERICS} --models OUT/models --out OUT/study",
    f"{NUMERICS} --models numerics --as-it-is --out OUT/study {PICTURES}",
    f"{DELAYS} --models OUT/models --out OUT/study",
    f"{DELAYS} --models delays --as-it-is --out OUT/study {PICTURES}",
)


def written_for(names: Sequence[str]) -> list[str]:
    """The files and folders that a command with these outputs writes: beside a manifest stand its speech and words."""
    beside = ("_audio", "_cepstra", ".align.jsonl")
    manifests = [name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl")]
    return [*names, *(manifest + end for manifest in manifests for end in beside)]
