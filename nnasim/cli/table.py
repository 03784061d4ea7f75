"""Every command: where it lives, and its line in the overview."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives, and its line in the overview."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "compare": Command("nnasim.cli.compare", "several systems: words wrong and time waited, in one report"),
    "compare-chips": Command("nnasim.cli.compare_chips", "the same work on several chips: cost, words, what differs"),
    "compare-results": Command("nnasim.cli.compare_results", "what changed between two results, to gate a CI on"),
    "check-budget": Command("nnasim.cli.check_budget", "does a result keep to its limits, to gate a CI on"),
    "study": Command("nnasim.cli.study", "make a study again: streaming latency, delays, or training"),
    "data": Command(
        "nnasim.cli.data", "make a manifest: strings of words, fsdd, an4, librispeech or synthesised speech"
    ),
    "train": Command("nnasim.cli.train", "train a recogniser in float or with the chip's operators"),
    "evaluate": Command("nnasim.cli.evaluate", "word error rate of one system"),
    "trace": Command("nnasim.cli.trace", "record the operations of a recogniser, real or by its shape"),
    "check": Command("nnasim.cli.check", "does a model of yours run on a chip: its work, its states, what is refused"),
    "import": Command("nnasim.cli.import_", "a model of yours, in ONNX or TFLite, as a trace"),
    "simulate": Command("nnasim.cli.simulate", "run a trace on a chip"),
    "explain": Command("nnasim.cli.explain", "what a run waits for, what would help, what that hangs on"),
    "rerun": Command("nnasim.cli.rerun", "make a result again from its own record: identical, or what moved"),
    "diff": Command("nnasim.cli.diff", "the first integer that two traces compute differently"),
    "report": Command("nnasim.cli.report", "show result files as one offline page"),
    "presets": Command("nnasim.cli.presets", "list the chips, or print one with units and sources"),
    "validate": Command("nnasim.cli.validate", "predict a measured table and say how far off"),
    "fit": Command("nnasim.cli.fit", "a preset from your own timings: fields, how sure they are, what no row tells"),
    "sweep": Command("nnasim.cli.sweep", "every point of a sweep over hypothetical chips, into a store"),
    "search": Command("nnasim.cli.search", "let Optuna look for the chips that nothing beats"),
    "sweep-report": Command("nnasim.cli.sweep_report", "a sweep's Pareto front, sensitivities, bottlenecks"),
    "sweep-export": Command("nnasim.cli.sweep_export", "a sweep's points as CSV, Parquet or Optuna's journal"),
    "merge": Command("nnasim.cli.merge", "stores of several machines into one"),
    "store": Command("nnasim.cli.store", "check a store that a sweep has filled, and rescue what is whole"),
    "bench": Command("nnasim.cli.bench", "this package's own speed"),
}


def overview() -> str:
    """The text of `nnasim --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: nnasim COMMAND [OPTIONS]",
            "",
            "Co-simulator for speech on neural-network accelerators: how many words come out wrong,",
            "and how long the user waits.",
            "",
            "Commands:",
            *lines,
            "",
            "Options:",
            "  --version  print the version",
            "  --help     print this; `nnasim COMMAND --help` has each command's options and an example",
            "",
            "Example:",
            "  nnasim compare --out demo",
        ]
    )
