"""``nnasim.fit``: a chip from timings of a board, and how sure each of its values is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from nnasim import markup
from nnasim.errors import InputError
from nnasim.front.arguments import ChipLike, FilePath, checked
from nnasim.front.chips import chip_of
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.hardware.field_units import leaves
from nnasim.hardware.loader import preset_path
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import Flag
from nnasim.studies.fitting.names import refuse_no_preset_name
from nnasim.studies.fitting.preset_file import write_preset
from nnasim.studies.fitting.record import FitRecord
from nnasim.studies.fitting.study import fit as run
from nnasim.studies.fitting.words import HEADER, doubts, field_cells, fit_lines, title
from workloads.importers.measured_table import MAX_ROWS, Cells, MeasuredRow, MeasuredTable, read_measured_table

if TYPE_CHECKING:
    import pandas as pd


def _table(value: object) -> object:
    """Refuse a value that is neither a path nor a DataFrame, without importing pandas."""
    kinds = {(base.__module__.partition(".")[0], base.__name__) for base in type(value).__mro__}
    if not isinstance(value, str | Path) and ("pandas", "DataFrame") not in kinds:
        raise ValueError("must be the path of a CSV table, or a DataFrame")
    return value


Table = Annotated[Any, BeforeValidator(_table)]


@dataclass(frozen=True, repr=False)
class Fit:
    """A chip that fits measurements. ``record``: everything about the fit, as its JSON file holds it."""

    record: FitRecord
    chip: NnaConfig

    def frame(self) -> pd.DataFrame:
        """Unit, value before, value found, 95 % interval and a note of each fitted field; index field."""
        import pandas as pd

        frame = pd.DataFrame([field.model_dump() for field in self.record.fields]).set_index("field")
        return frame.astype({"low": float, "high": float})  # an end that rows do not give: NaN

    def rows(self) -> pd.DataFrame:
        """Measured value, value before and value fitted of each measurement, in its own unit, and errors in %; index
        line.
        """
        import pandas as pd

        frame = pd.DataFrame([row.model_dump() for row in self.record.rows]).set_index("line")
        return frame.astype({"held_out_error_pct": float})

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the preset: a ``.yaml`` file with the measurement that gave each number beside it.

        Raises ConfigError if the chip came from no preset, and FileError if the file exists, unless ``force``.
        """
        refuse_no_preset_name(Path(path))
        if self.record.preset not in preset_names():
            preset_path(self.record.preset)
        write_preset(self.record, path, force=force)

    def __repr__(self) -> str:
        return "\n".join(fit_lines(self.record))

    def _repr_html_(self) -> str:
        """The fields as a table, escaped."""
        lines = markup.paragraphs([title(self.record), *doubts(self.record)])
        return f"<div>{lines}{markup.table(HEADER, field_cells(self.record))}</div>"


@checked
def fit(
    measurements: Table, chip: ChipLike = "edge256", *, fields: Sequence[str], progress: Progress = silent
) -> Fit:  # fmt: skip
    """A chip whose ``fields`` agree with timings of a board, and how sure each of them is.

    - ``measurements``: the CSV table that ``nnasim fit`` reads, or a DataFrame with the same columns, whose column
      `trace` may hold the traces themselves.
    - ``chip``: the chip to start from; the search, bounded least squares on the simulator, begins at its values.
    - ``fields``: names of the fields to find, such as "host.handoff_us".

    Raises ConfigError, FileError or InputError for measurements that cannot be fitted.
    """
    hardware = chip_of(chip)
    table, held = (
        (read_measured_table(Path(measurements)), None)
        if isinstance(measurements, str | Path)
        else _of_frame(measurements)
    )
    preset = hardware.name if isinstance(chip, NnaConfig) else str(chip)
    overrides = _changes(hardware) if isinstance(chip, NnaConfig) else []
    found = run(table, hardware, list(fields), preset=preset, overrides=overrides, held=held, progress=progress)
    return Fit(found.record, found.chip)


def _changes(chip: NnaConfig) -> list[str]:
    """The fields in which a chip that was changed in Python differs from the preset whose name it has."""
    if chip.name not in preset_names():
        return []
    before = dict(leaves(load_preset(chip.name).model_dump(mode="json")))
    now = leaves(chip.model_dump(mode="json"))
    return [f"{field}={json.dumps(value)}" for field, value in now if before.get(field) != value]


def _of_frame(frame: pd.DataFrame) -> tuple[MeasuredTable, dict[str, OpTrace]]:
    """The table, and the traces that a DataFrame holds by the names that the table gives them; rows count from 1."""
    columns, held, rows = tuple(map(str, frame.columns)), dict[str, OpTrace](), list[MeasuredRow]()
    if not 0 < len(frame) <= MAX_ROWS:
        raise InputError("measurements", "rows", len(frame), f"must be 1 to {MAX_ROWS:,}")
    names: dict[int, str] = {}
    for line, values in enumerate(frame.itertuples(index=False), start=1):
        cells = []
        for value in values:
            if isinstance(value, OpTrace):
                name = names.setdefault(id(value), f"trace {len(names) + 1}")
                held[name] = value
                cells.append(name)
            else:
                cells.append("" if value is None or value != value else str(value))
        rows.append(MeasuredRow("measurements", line, Cells(columns, cells)))
    return MeasuredTable("measurements", columns, tuple(rows)), held
