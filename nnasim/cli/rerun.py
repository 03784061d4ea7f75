"""`nnasim rerun`: make a result again from the command that it records, and show what moved; exit code 1 if a figure
did.
"""

from __future__ import annotations

import dataclasses
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from nnasim.cli.options import Force, Json, Quiet
from nnasim.cli.told import cut_lines, refuse_json, tell_rows
from nnasim.cli.unused import refuse_idle_force
from nnasim.markup import visible

MOVED = 1  # the exit code of a gate that does not open; 2 is for a user's errors
_MOST_LINES = 14


def command(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|RESULT",
            help="a folder of `compare` or `compare-chips`, or a result of `simulate` or `explain`",
        ),
    ],
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> int:
    """Run the command that a result records once more, and say whether all figures are the same.

    The command's files are looked for from the current folder, as they were then. The result is not changed. What
    was explained is explained again; speech that was decoded for the explanation is not decoded again.

    Example: nnasim rerun demo
    """
    from nnasim.cli.main import main
    from nnasim.cli.recorded import without_outputs
    from nnasim.cli.records import recorded_command
    from nnasim.markup import counted
    from reports.moved import moved_between

    refuse_json("rerun", json, quiet, force)
    refuse_idle_force("rerun", force, json=json)
    arguments = without_outputs(recorded_command(result), result)
    with TemporaryDirectory(prefix="nnasim-rerun-") as folder:
        again = Path(folder) / "again"
        with redirect_stdout(StringIO()):  # what the run says of a folder that will be gone
            code = main([*arguments, "--out", str(again)])
            if not code and arguments[0] != "explain" and _is_explained(result):
                plain, again = again, Path(folder) / "explained"
                code = main(["explain", str(plain), "--out", str(again)])
        if code:
            return code
        moved = sorted(moved_between(result, again), key=lambda entry: entry.rank)
    figures = [entry for entry in moved if entry.is_figure]
    last = f"{counted(len(figures), 'value')} moved" if figures else "identical: every figure is the same"
    lines = [*cut_lines([visible(str(entry)) for entry in moved], _MOST_LINES), last]
    found = {"identical": not figures, "moved": [dataclasses.asdict(entry) for entry in moved]}
    tell_rows(lines, found, json=json, quiet=quiet, force=force)
    return MOVED if figures else 0


def _is_explained(result: Path) -> bool:
    """Whether a result, or the results of a folder, were explained after the run."""
    from nnasim.ir.io import is_shared, read_result

    if result.is_dir():
        return any(_is_explained(path) for path in sorted((result / "results").glob("*.json")))
    if is_shared(result):
        return False
    explanation = read_result(result).explanation
    return explanation is not None and explanation.complete
