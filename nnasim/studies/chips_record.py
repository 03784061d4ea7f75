"""`chips.json` and the folder around it: what several chips cost, and in which fields they differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from nnasim import files
from nnasim.errors import InputError
from nnasim.hardware.field_units import unit_of
from nnasim.ir.io import write_record
from nnasim.records import Frozen, Items, Number, validated
from nnasim.studies.provenance import commit, versions
from reports.blocks import Block, Document, Paragraph, Value
from reports.chips import chips_blocks, chips_in_short, different_chips
from reports.csvfile import write_csv
from reports.hypotheses import write_hypotheses
from reports.naming import chip_fields, differing_fields
from reports.notes import notes
from reports.page import write_page
from reports.result_set import ResultSet, write_traces
from reports.summary import SystemFigures, contradictions

CHIPS_FILE = "chips.json"


class Difference(Frozen):
    """A field that differs between chips; ``values`` in the order of the chips, null if it is absent."""

    field: str
    unit: str
    values: Items[object]


class ChipFigures(SystemFigures):
    """One chip's figures, and the file of its whole result."""

    preset: str
    hardware_hash: str
    result: str
    area_mm2: Number | None = Field(None, description="nominal")


class ChipsRecord(Frozen):
    """`chips.json`."""

    schema_version: Literal[1] = 1
    kind: Literal["nnasim.chips"] = "nnasim.chips"
    command: str
    versions: dict[str, str]
    commit: str | None
    chips: dict[str, ChipFigures]
    differences: Items[Difference]


def chips_record(result_set: ResultSet, command: str) -> ChipsRecord:
    """The content of `chips.json` for ``result_set``."""
    chips = {label: chip_fields(result) for label, result in different_chips(result_set.results).items()}
    known = result_set.figures()
    return ChipsRecord(
        command=command,
        versions=versions(),
        commit=commit(),
        chips={
            label: ChipFigures(
                **known[label].model_dump(),
                preset=result.preset,
                hardware_hash=result.hardware_hash,
                result=f"results/{number}.json",
                area_mm2=result.extra.area_mm2["total"][1] if result.extra.area_mm2 else None,
            )
            for number, (label, result) in enumerate(result_set.results.items(), start=1)
        },
        differences=tuple(
            Difference(field=name, unit=unit_of(name), values=tuple(chip.get(name) for chip in chips.values()))
            for name in differing_fields(list(chips.values()))
        ),
    )


def read_chips_record(path: Path) -> ChipsRecord:
    """The record at ``path``. Raises FileError or InputError, which names the first wrong field."""
    data = files.read_json(path)
    files.refuse_other(data, "a comparison of chips", path)
    record = validated(ChipsRecord, data, path, InputError)
    for label, figures in record.chips.items():
        for field, value, allowed in contradictions(figures):
            raise InputError(path, f"chips.{label}.{field}", value, allowed)
    return record


@dataclass(frozen=True)
class ChipsFound:
    """Results of several chips, and the command that shows them again."""

    result_set: ResultSet
    command: str

    def record(self) -> dict[str, Any]:
        """The figures of each result."""
        return self.result_set.record()

    def blocks(self, whole: bool) -> tuple[Block, ...]:
        """The lines for a terminal: costs, differing fields, and notes. ``whole``: with the values of every field."""
        known = tuple(Paragraph(Value(line)) for line in notes(self.result_set.results))
        shown = chips_blocks(self.result_set) if whole else chips_in_short(self.result_set)
        return (*shown, *known)

    def write(self, folder: Path) -> Document:
        """Write page, `chips.json`, differing fields as a table, words where decoded, every result; return the page."""
        record = chips_record(self.result_set, self.command)
        files.write_json(folder / CHIPS_FILE, record.model_dump(mode="json"))
        rows = [[each.field, each.unit, *each.values] for each in record.differences]
        write_csv(folder / "differences.csv", ["field", "unit", *record.chips], rows)
        if self.result_set.hypotheses:
            write_hypotheses(folder / "hypotheses.csv", self.result_set.hypotheses)
        for figures_of_chip, result in zip(record.chips.values(), self.result_set.results.values(), strict=True):
            write_record(folder / figures_of_chip.result, result)
        places = {label: Path(figures_of_chip.result).name for label, figures_of_chip in record.chips.items()}
        write_traces(folder, {places[label]: trace for label, trace in self.result_set.traces.items()})
        return write_page(folder / "report.html", self.result_set)
