"""`nnasim validate`: simulate each row of a measured table and write the error beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import FigureFormat, Figures, Force, Json, Quiet, out_option
from nnasim.cli.told import refuse_json, tell_lines


def command(
    reference: Annotated[Path, typer.Option(help="measured table: CSV of NVDLA, SCALE-Sim, OpenTPU, ZigZag or Vela")],
    out: Annotated[Path, out_option("folder for validation.csv, .json and .png, and report.html", "DIR")],
    figures: Figures = None,
    format: FigureFormat = None,
    json: Json = None,
    quiet: Quiet = False,
    csv_safe: CsvSafe = False,
    force: Force = False,
) -> None:
    """Simulate each row of a measured table and write its error, with a roofline's beside it.

    The kind of table is recognised by its columns. A row that cannot be simulated is an error.

    Example: nnasim validate --reference nvdla_small.csv --out validation
    """
    from nnasim import files
    from nnasim.cli.figures import figure_files
    from nnasim.cli.progress import shown_progress
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.together import together
    from workloads.importers.measured_table import read_measured_table

    files.refuse_existing_folder(out, force)
    refuse_json("validate", json, quiet, force)
    pictures = figure_files("validate", figures, format, force)
    table = read_measured_table(reference)

    # These bring the simulator: after the table was read.
    from reports.validation import figures_of, in_short, write_validation
    from workloads.validation.tables import validate_table

    with shown_progress() as progress:
        validation = validate_table(table, progress)
    with together():
        with spreadsheet_cells(csv_safe), files.new_folder(out, force=force) as folder:
            summary = write_validation(folder, validation)
        pictures.write(figures_of(validation))
        shown = f"{out}: {summary['kind']}\n{in_short(summary)}"
        tell_lines(shown.splitlines(), summary, json=json, quiet=quiet, force=force)
