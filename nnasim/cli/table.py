"""The table of commands: where each is defined, and its line in the overview."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """The module of a command, and its line in the overview."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "compare": Command("nnasim.cli.compare", "several systems in one report: wrong words and latency"),
    "compare-chips": Command(
        "nnasim.cli.compare_chips", ("several chips on the same work: cost, words, and how the chips differ")
    ),
    "compare-results": Command("nnasim.cli.compare_results", "what changed between two results; can fail a CI run"),
    "check-budget": Command("nnasim.cli.check_budget", "check a result against limits; can fail a CI run"),
    "study": Command("nnasim.cli.study", "make a study again: streaming latency, delays, or training"),
    "data": Command(
        "nnasim.cli.data", "make a manifest: strings of words, fsdd, an4, librispeech or synthesised speech"
    ),
    "train": Command("nnasim.cli.train", "train a recogniser in float or with the chip's operators"),
    "evaluate": Command("nnasim.cli.evaluate", "word error rate of one system"),
    "trace": Command("nnasim.cli.trace", "record the operations of a recogniser, from real decoding or from its sizes"),
    "check": Command(
        "nnasim.cli.check", ("check whether your model runs on a chip: its work, states, and what is refused")
    ),
    "import": Command("nnasim.cli.import_", "write your model, in ONNX or TFLite, as a trace"),
    "simulate": Command("nnasim.cli.simulate", "run a trace on a chip"),
    "explain": Command(
        "nnasim.cli.explain", ("what a run waits for, what would help, and on which assumptions that depends")
    ),
    "rerun": Command("nnasim.cli.rerun", "run a result's own command again: identical, or what moved"),
    "diff": Command("nnasim.cli.diff", "the first integer that two traces compute differently"),
    "report": Command("nnasim.cli.report", "show result files as one offline page"),
    "presets": Command("nnasim.cli.presets", "list the chips, or print one with units and sources"),
    "validate": Command("nnasim.cli.validate", "predict the rows of a measured table, with the error of each"),
    "fit": Command("nnasim.cli.fit", "fit a preset to your own timings, with the certainty of each field"),
    "sweep": Command("nnasim.cli.sweep", "simulate every point of a sweep over hypothetical chips, into a store"),
    "search": Command("nnasim.cli.search", "let Optuna search for the chips of the Pareto front"),
    "sweep-report": Command("nnasim.cli.sweep_report", "a sweep's Pareto front, sensitivities, bottlenecks"),
    "sweep-export": Command("nnasim.cli.sweep_export", "a sweep's points as CSV, Parquet or Optuna's journal"),
    "merge": Command("nnasim.cli.merge", "copy the stores of several machines into one"),
    "store": Command("nnasim.cli.store", "check the store of a sweep, and rescue its intact rows"),
    "bench": Command("nnasim.cli.bench", "measure the speed of nnasim itself"),
}


def overview() -> str:
    """The text of `nnasim --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: nnasim COMMAND [OPTIONS]",
            "",
            "Co-simulator for speech on neural-network accelerators: how many words are wrong,",
            "and how long the user waits.",
            "",
            "Commands:",
            *lines,
            "",
            "Options:",
            "  --version  print the version",
            "  --help     print this; `nnasim COMMAND --help` has each command's options and an example",
            "",
            "Exit codes: 0 done; 1 a gate or a check has found something; 2 an input is",
            "refused, or no room is left; 70 a defect of nnasim; 130 interrupted",
            "",
            "Example:",
            "  nnasim compare --out demo",
        ]
    )
