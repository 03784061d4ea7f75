"""`fronts.json` and the folder around it: what Pareto fronts of sweeps say of each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.studies.provenance import commit, versions
from nnasim.sweeps.fronts import FrontComparison, Varied
from reports.blocks import Block, Document
from reports.document import write_document
from reports.fronts_lines import sentences
from reports.fronts_page import fronts_document, short_blocks

FRONTS_FILE = "fronts.json"


def fronts_record(comparison: FrontComparison, command: str) -> dict[str, Any]:
    """The content of `fronts.json` for ``comparison``."""
    return {
        "schema_version": 1,
        "kind": "nnasim.fronts",
        "command": command,
        "versions": versions(),
        "commit": commit(),
        "objectives": list(comparison.objectives),
        "sweeps": [_sweep(comparison, place) for place in range(len(comparison.fronts))],
        "on_all": comparison.shared,
        "sentences": list(sentences(comparison)),
        "differences": [
            {"what": each.what, "values": [_recorded(value) for value in each.values]}
            for each in comparison.differences
        ],
    }


def _recorded(value: object) -> object:
    return value.text if isinstance(value, Varied) else value


def _sweep(comparison: FrontComparison, place: int) -> dict[str, Any]:
    front, volumes = comparison.fronts[place], comparison.volumes
    costs = comparison.costs(place).tolist()
    return {
        "name": front.label,
        "digest": front.stored.digest,
        "points": len(front.stored.good),
        "hypervolume": None if volumes is None else volumes[place],
        "front": [dict(zip(comparison.objectives, row, strict=True)) for row in costs],
        "beaten": [
            {
                "point": each.point,
                "sweep": each.front,
                "by": each.by,
                "less": dict(zip(comparison.objectives, each.less, strict=True)),
            }
            for each in comparison.beaten[place]
        ],
    }


@dataclass(frozen=True)
class FrontsFound:
    """Several sweeps, and the command that shows them again."""

    comparison: FrontComparison
    command: str

    def record(self) -> dict[str, Any]:
        """The content of `fronts.json`."""
        return fronts_record(self.comparison, self.command)

    def blocks(self, whole: bool) -> tuple[Block, ...]:
        """The lines for a terminal, which are few, ``whole`` or not."""
        return short_blocks(self.comparison)

    def write(self, folder: Path) -> Document:
        """Write page, Markdown, figures, tables and `fronts.json`; return the page."""
        document = fronts_document(self.comparison, self.command)
        write_document(folder, document)
        files.write_json(folder / FRONTS_FILE, self.record())
        return document
