"""``nnasim.validate``: the error of the simulation in each row of a measured table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim import markup
from nnasim.front.arguments import FilePath, checked
from nnasim.progress import Progress, silent
from nnasim.records import Flag
from reports.gallery import measured_part
from workloads.importers.measured_table import read_measured_table
from workloads.validation.tables import Validation as Predictions
from workloads.validation.tables import summary, validate_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Validation:
    """Measured rows and their predictions. ``predictions``: the table, its kind, one prediction per row."""

    predictions: Predictions

    def frame(self) -> pd.DataFrame:
        """Each measured row: its own columns, simulated cycles, the simulation's error and the roofline's error [%]."""
        import pandas as pd

        rows = [
            {
                **row.cells,
                "group": prediction.group,
                "simulated_cycles": prediction.simulated,
                "error_pct": prediction.error_pct,
                "roofline_cycles": prediction.roofline,
                "roofline_error_pct": prediction.roofline_error_pct,
            }
            for row, prediction in zip(self.predictions.table.rows, self.predictions.predictions, strict=True)
        ]
        return pd.DataFrame(rows).rename_axis("row")

    def summary(self) -> Mapping[str, Any]:
        """Mean and worst errors in %, in total and per group, as in ``validation.json``."""
        return summary(self.predictions)

    @checked
    def save(self, folder: FilePath, *, force: Flag = False) -> None:
        """Write the folder that ``nnasim validate`` writes. Raises FileError if the folder exists, unless ``force``."""
        from nnasim import files
        from reports.validation import write_validation

        with files.new_folder(Path(folder), force=force) as inside:
            write_validation(inside, self.predictions)

    def __repr__(self) -> str:
        from reports.validation import in_short

        return f"{self.predictions.kind.name}\n{in_short(dict(self.summary()))}"

    def _repr_html_(self) -> str:
        """The lines of ``repr``, and a picture of predicted against measured cycles, as offline HTML."""
        from reports.figures.validation import picture

        return f"<div>{markup.paragraphs(repr(self).splitlines())}{picture(self.predictions).svg}</div>"


@checked
def validate(reference: FilePath | None = None, *, progress: Progress = silent) -> Validation:
    """The error of the simulation in each row of a measured table.

    ``reference``: a CSV table of NVDLA, SCALE-Sim, OpenTPU, ZigZag or Vela, recognised by its columns; default: the
    part of the NVDLA table that comes with the package. Raises FileError or InputError; a row that cannot be simulated
    is an error.
    """
    table = measured_part() if reference is None else Path(reference)
    return Validation(validate_table(read_measured_table(table), progress))
