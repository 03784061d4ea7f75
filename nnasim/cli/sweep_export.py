"""`nnasim sweep-export`: the points of a sweep for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import FilledStore, Force, Quiet, StoredStudyName, out_option
from nnasim.cli.told import cut_lines, say


def command(
    store: FilledStore,
    out: Annotated[Path, out_option("the file to write; its ending chooses the format", "FILE.csv|.parquet|.journal")],
    study: StoredStudyName = None,
    csv_safe: CsvSafe = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write the points of a sweep for other tools; `optuna-dashboard FILE.journal` shows the last format.

    Example: nnasim sweep-export sweep.sqlite --out sweep.csv
    """
    from nnasim.cli.sweep_lines import choice_lines
    from nnasim.cli.unused import refuse_unused
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.free_memory import ask_for_memory
    from nnasim.sweeps.export import export
    from nnasim.sweeps.frames import StoredSweep

    if out.suffix != ".csv":
        refuse_unused("sweep-export", "unless --out ends in .csv", csv_safe=csv_safe)
    stored = StoredSweep(store, study)
    if out.suffix == ".parquet":
        ask_for_memory()
    with spreadsheet_cells(csv_safe):
        export(stored, out, force=force)
    if not quiet:
        say([*cut_lines(list(choice_lines(stored))), f"{out}: {len(stored.points):,} of {stored.total:,} points"])
