"""Every command at work on the seeds, and what it writes: OUT stands for the folder."""

from nnasim.cli.table import COMMANDS

SPOKEN = "--manifest manifest.jsonl --checkpoint checkpoint --limit 1"
SWEEP = "sweep sweep.yaml --jobs 1 --store"
SEARCH = "search sweep.yaml --trials 1 --jobs 1 --store"
IMPORT = "import model.onnx --period-ms 10 --seconds 0.05"
WRITING = (
    "trace --shape rnnt-mlperf --frames 2 --symbols 0 --out OUT/trace.json",
    f"trace {SPOKEN} --system naive --out OUT/trace.json",
    "simulate small.json --out OUT/result.json",
    "simulate small.json --out OUT/result.json --perfetto OUT/line.pftrace",
    "simulate small.json imported.json --streams 2 --out OUT/result.json",
    "explain small.json --out OUT/result.json",
    "explain small.json --markdown OUT/why.md",
    "explain result.json --figures OUT/figures",
    "explain result.json --json OUT/why.json",
    "compare --trace small.json --out OUT/compared",
    "compare-chips edge256 mcu128 --trace small.json --out OUT/chips",
    "compare-results result.json result_too.json --json OUT/moved.json",
    "check-budget result.json budget.yaml --junit OUT/budget.xml",
    "check-budget result.json budget.yaml --markdown OUT/budget.md",
    "report result.json --out OUT/page.html",
    "report result.json --out OUT/page.html --figures OUT/figures",
    "validate --reference opentpu.csv --out OUT/validation",
    "fit board.csv --fields host.handoff_us --out OUT/board.yaml",
    f"{SWEEP} OUT/store.sqlite",
    f"{SEARCH} OUT/store.sqlite",
    f"{SEARCH} OUT/store.sqlite --storage OUT/journal.log",
    "sweep-report store.sqlite --out OUT/page.html",
    "sweep-export store.sqlite --out OUT/points.csv",
    "sweep-export store.sqlite --out OUT/points.parquet",
    "sweep-export store.sqlite --out OUT/points.journal",
    "merge store.sqlite --into OUT/all.sqlite",
    "store check store.sqlite --into OUT/rescued.sqlite",
    f"{IMPORT} --out OUT/trace.json",
    f"{IMPORT} --out OUT/trace.json --ledger OUT/nodes.csv",
    f"{IMPORT} --calibrate steps.npz --out OUT/trace.json",
    "diff imported.json imported_too.json --json OUT/difference.json",
    "data shard manifest.jsonl --hours-per-shard 0.001 --out OUT/shards",
    f"evaluate {SPOKEN} --system float --json OUT/words.json",
    "train --recipe tiny --train shards --dev manifest.jsonl --steps 1 --workers 0 --out OUT/run",
    "rerun result.json --json OUT/moved.json",
)
PRINTING = (
    "presets", "presets edge256", "presets --limits", "presets --schema", "check model.onnx",
    "compare-results result.json result_too.json", "compare-results result.json result_too.json --json -",
    "check-budget result.json budget.yaml", "check-budget result.json budget.yaml --json -",
    "diff imported.json imported_too.json", "diff imported.json imported_too.json --json -",
    "explain result.json", "store check store.sqlite", f"{SWEEP} store.sqlite --dry-run",
)  # fmt: skip
ELSEWHERE = ("bench", "study")  # which take minutes, and write by the same means
OF_EACH = {line.split()[0] for line in WRITING + PRINTING}
assert OF_EACH | {*ELSEWHERE} == COMMANDS.keys()
