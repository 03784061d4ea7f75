"""Every option of every command with another value, on the seeds: what it must change, or be refused for.

A row is a change to the command's line, after "|" where other options must stand beside it on both sides; these begin
with "=" where they are a whole line of their own. OUT is the folder of the outputs. A new option without a row fails
(test_options.py).
"""

SPOKEN = "--manifest manifest.jsonl --limit 1"
NAIVE = f"--checkpoint checkpoint {SPOKEN} --system naive --json OUT/words.json"
TRANSDUCER = "--encoder encoder.onnx --decoder decoder.onnx --joiner joiner.onnx"
SPREAD = f"= {TRANSDUCER} --period-ms 10 --seconds 0.1 --symbols-per-second 20 --out OUT/t.json"
ONE = "model.onnx --period-ms 10 --out OUT/t.json"
ON_CHIP = "--system aat --init checkpoint"
MODEL = {  # of the commands that read models
    "--shape": "--shape x=1x9",
    "--bind": "--bind nothing=1",
    "--state": "--state a:b",
    "--no-states": "--no-states",
    "--keep-state": "--keep-state nothing",
    "--on-cpu": "--on-cpu Relu",
}


def roles(line: str) -> dict[str, str]:
    """A row for each of a transducer's models, of which one is not there."""
    return {f"--{role}": f"{line} | --{role} nowhere.onnx" for role in ("encoder", "decoder", "joiner")}


CHIP = {"--preset": "--preset mcu128", "--set": "--set host.handoff_us=7"}
STORED = {"--study": "--study nothing"}

# What many commands share is tried of each of them elsewhere.
ELSEWHERE = {
    "--out": "tests/fuzz/test_commands.py: every file that a command writes",
    "--json": "tests/fuzz/test_commands.py, tests/nnasim/cli/test_every_summary.py",
    "--quiet": "tests/nnasim/cli/test_every_summary.py",
    "--force": "tests/fuzz/test_small_disks.py, tests/nnasim/cli/test_unused_options.py",
    "--figures": "tests/nnasim/cli/test_figures_option.py",
    "--format": "tests/nnasim/cli/test_figures_option.py",
    "--csv-safe": "tests/nnasim/cli/test_csv_safe.py",
}

# By command: its line, then a change for each option.
TRIED: dict[str, tuple[str, dict[str, str]]] = {
    "compare": ("--trace small.json --systems naive --out OUT/c", {
        **CHIP, "--trace": "--trace nowhere.json", "--systems": "--systems nothing", "--placement": "--placement ane",
        "--manifest": "--manifest m.jsonl", "--checkpoints": "--checkpoints c", "--limit": "--limit 1",
    }),
    "compare-chips": ("edge256 mcu128 --trace small.json --out OUT/c", {
        "--trace": "--trace nowhere.json", "--all": "--all", "--manifest": "--manifest m.jsonl",
        "--checkpoints": "--checkpoints c", "--limit": "--limit 1", "--system": "--system aat",
    }),
    "compare-results": ("result.json ../slower.json", {
        "--fail-over": "--fail-over 0.1", "--operations": "--operations 1", "--all": "--all",
    }),
    "check-budget": ("result.json budget.yaml", {
        "--junit": "--junit OUT/b.xml", "--markdown": "--markdown OUT/b.md",
    }),
    "data fsdd": ("digits --utterances 2 --max-digits 2 --out OUT/s.jsonl", {
        "--takes": "--takes 9", "--utterances": "--utterances 3", "--min-digits": "--min-digits 1",
        "--max-digits": "--max-digits 3", "--seed": "--seed 1",
    }),
    "data strings": ("digits/index.tsv --utterances 2 --out OUT/s.jsonl", {
        "--split": "--split nothing", "--speakers": "--speakers nobody",
        "--without-speakers": "--without-speakers nobody", "--utterances": "--utterances 3", "--words": "--words 1",
        "--lead": "--lead 0", "--pause": "--pause 0", "--tail": "--tail 0", "--level": "--level none",
        "--noise": "--noise none", "--speed": "--speed 90-110", "--room": "--room 100-400", "--seed": "--seed 1",
    }),
    "data synth": ("--voices test --utterances 1 --max-digits 2 --out OUT/s.jsonl", {
        "--voices": "--voices train", "--kind": "--kind commands", "--utterances": "--utterances 2",
        "--min-digits": "--min-digits 1", "--max-digits": "--max-digits 3", "--sample-rate": "--sample-rate 16000",
        "--seed": "--seed 2",
    }),
    "data an4": ("an4 --out OUT/s.jsonl", {"--split": "--split train", "--list": "--list nowhere.tsv"}),
    "data librispeech": ("tree --out OUT/s.jsonl", {}),
    "data recombine": ("an4.jsonl --checkpoint cepstral --utterances 2 --words 1-2 --out OUT/s.jsonl", {
        "--checkpoint": "--checkpoint nowhere", "--utterances": "--utterances 3", "--words": "--words 2",
        "--seed": "--seed 2",
    }),
    "data import": ("cuts.jsonl --out OUT/s.jsonl", {}),
    "data shard": ("manifest.jsonl --hours-per-shard 0.001 --out OUT/s", {
        "--hours-per-shard": "--hours-per-shard 1", "--resume": "--resume --force",
    }),
    "train": ("--recipe tiny --train shards --dev manifest.jsonl --steps 1 --workers 0 --out OUT/r", {
        "--recipe": "--recipe nothing", "--train": "--train nowhere.jsonl", "--dev": "--dev nowhere.jsonl",
        "--system": "--system qat", "--init": "--init nowhere", "--steps": "--steps 2 --evaluate-every 2",
        "--schedule": "--schedule fine-tuning", "--evaluate-every": "--steps 2 | --evaluate-every 1",
        "--learning-rate": "--learning-rate 0.1", "--delay-penalty": "--delay-penalty 0.1",
        "--distillation": "--distillation 1", "--batch": "--batch 2", "--accumulate": "--accumulate 2",
        "--clip": "--clip 0.01", "--average": "--steps 2 | --average 0.5",
        "--patience": "--steps 4 --evaluate-every 1 --learning-rate 1e-9 | --patience 1",
        "--shuffle-shards": "--batch 1 --seed 3 | --shuffle-shards 1", "--workers": "--workers 99",
        "--device": "--device cuda:99", "--text": "--init checkpoint | --text raw", "--seed": "--seed 1",
        "--calibration": f"{ON_CHIP} | --calibration max",
        "--gradient": f"{ON_CHIP} | --gradient segment", "--resume": "--resume --force",
        "--explain-numerics": "--explain-numerics",
        "--preset": f"{ON_CHIP} | --preset edge512", "--set": f"{ON_CHIP} | --set numerics.weight_bits=4",
    }),
    "evaluate": (NAIVE, {
        "--checkpoint": "--checkpoint nowhere", "--manifest": "--manifest nowhere.jsonl",
        "--preset": "--preset nothing", "--set": "--beam 4 | --set numerics.weight_bits=4",
        "--system": "--system cpu_int8", "--calibration": "--calibration max",
        "--limit": "--limit 2", "--beam": "--beam 2", "--batch": "--beam 2 | --batch 2",
        "--device": "--device cuda:99",
        "--explain-numerics": "--explain-numerics",
    }),
    "trace": ("--shape rnnt-mlperf --frames 2 --symbols 1 --out OUT/t.json", {
        "--shape": "--shape nothing", "--frames": "--frames 3", "--symbols": "--symbols 2",
        "--from": "--from small.json", "--checkpoint": "--checkpoint checkpoint", "--manifest": "--manifest m.jsonl",
        "--system": "--system float", "--place": "--place argmax=cpu", "--preset": "--preset edge512",
        "--set": "--set numerics.weight_bits=4", "--limit": "--limit 1", "--beam": "--beam 2",
    }),
    "check": ("model.onnx", {
        **MODEL, **roles(f"= {TRANSDUCER}"),
        "--blank": f"= {TRANSDUCER} | --blank 99", "--preset": "--preset nvdla_small", "--set": "--set clock_hz=0",
        "--all": "--all",
    }),
    "import": (ONE, {
        **MODEL, **roles(SPREAD),
        "--blank": f"{SPREAD} | --blank 99", "--period-ms": "--period-ms 20", "--seconds": "--seconds 2",
        "--symbols-per-second": f"{SPREAD} | --symbols-per-second 50", "--calls": "--calls calls.csv",
        "--manifest": "--manifest manifest.jsonl", "--features": "--features logmel", "--mels": "--mels 8",
        "--sample-rate": "--sample-rate 8000", "--limit": "--manifest manifest.jsonl | --limit 1",
        "--calibrate": "--calibrate steps.npz", "--method": "--calibrate steps.npz | --method max",
        "--weight-bits": "--weight-bits 4", "--preset": "--preset edge512", "--set": "--set numerics.weight_bits=4",
        "--ledger": "--ledger OUT/nodes.csv",
    }),
    "simulate": ("small.json --out OUT/r.json", {
        **CHIP, "--functional": "--functional", "--inputs": "--inputs steps.npz", "--perfetto": "--perfetto OUT/line",
        "--endpointer-ms": "--endpointer-ms 100", "--policy": "imported.json --streams 4 --starts together | "
        "--policy round_robin", "--streams": "--streams 2", "--find-streams": "--deadline-ms 0.2 | --find-streams",
        "--deadline-ms": "--streams 2 | --deadline-ms 0.12", "--starts": "--streams 2 | --starts together",
        "--residents": "imported.json --residents together | --residents in_turn",
    }),
    "explain": ("small.json --json OUT/why.json", {
        **CHIP, "--trace": "--trace small.json", "--markdown": "--markdown OUT/why.md", "--words": "--words",
        "--checkpoints": "--checkpoints nowhere", "--manifest": "--manifest nowhere.jsonl", "--limit": "--limit 1",
        "--all": "--all",
    }),
    "rerun": ("result.json", {}),
    "diff": ("imported.json imported_too.json", {"--inputs": "--inputs nowhere.npz"}),
    "report": ("result.json --out OUT/p.html", {}),
    "presets": ("edge256", {
        "--set": "--set clock_hz=1e9", "--limits": "--limits", "--all": "--all", "--diff": "--diff edge256 mcu128",
        "--schema": "--schema",
    }),
    "validate": ("--reference opentpu.csv --out OUT/v", {"--reference": "--reference nowhere.csv"}),
    "fit": ("board.csv --fields host.handoff_us --out OUT/b.yaml", {
        "--fields": "--fields nothing", "--preset": "--preset nothing", "--set": "--set host.handoff_us=100",
        "--resume": "--resume",
    }),
    "sweep": ("sweep.yaml --store OUT/s.sqlite --jobs 1", {
        "--store": "--store sweep.yaml", "--jobs": "--jobs 0", "--scheduler": "--scheduler tcp://nowhere:1",
        "--dask-local": "--dask-local 1", "--shard": "--shard 1/2", "--dry-run": "--dry-run",
        "--retry-failed": "--dry-run | --retry-failed",
    }),
    "search": ("sweep.yaml --store OUT/s.sqlite --trials 1 --jobs 1", {
        "--store": "--store sweep.yaml", "--trials": "--trials 2", "--jobs": "--jobs 0",
        "--scheduler": "--scheduler tcp://nowhere:1", "--dask-local": "--dask-local 1",
        "--storage": "--storage sweep.yaml",
    }),
    "sweep-report": ("store.sqlite --out OUT/p.html", STORED),
    "sweep-export": ("store.sqlite --out OUT/p.csv", STORED),
    "merge": ("store.sqlite --into OUT/a.sqlite", {"--into": "--into sweep.yaml"}),
    "store check": ("store.sqlite", {"--into": "--into OUT/r.sqlite"}),
    "bench": ("--json - --no-peers --no-training", {}),
}  # fmt: skip

# Minutes of work: what the folders of models hold is compared with their options in tests/nnasim/studies.
STUDIES = {"study aat", "study delays", "study numerics", "bench"}
