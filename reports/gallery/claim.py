"""Draw the claim from the tables of two studies: ``python -m reports.gallery.claim WORDS.csv GAINS.csv PICTURE``.

WORDS.csv: ``wer.csv`` of `nnasim study numerics`. GAINS.csv: ``gain_map.csv`` of `nnasim study aat`.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from nnasim import files
from reports.figures.arms import Point
from reports.figures.claim import claim
from reports.figures.style import FORMATS

CHIPS = {
    "lut8": "table of 256",
    "pwl16": "16 segments",
    "pwl8": "8 segments",
    "hard": "hard, 3 segments",
    "lut8-int4": "table, int4 weights",
}
MODEL = "rnnt-paper"
BANDWIDTHS = {"gain [%] at 3.75 GB/s": "58 M weights, 3.75 GB/s", "gain [%] at 12 GB/s": "the same, 12 GB/s"}
LONGEST_US = 100.0


def main() -> None:
    """Write the picture; its name's ending says as what."""
    parser = argparse.ArgumentParser(prog="python -m reports.gallery.claim", description=__doc__)
    for name in ("words", "gains", "picture"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    kinds = {f".{kind}": kind for kind in FORMATS}
    if asked.picture.suffix not in kinds:
        parser.error(f"{asked.picture}: must end in {', '.join(kinds)}")
    chips, reference = words_of(rows(asked.words))
    drawing = claim(chips, reference, gains_of(rows(asked.gains)))
    files.write_bytes(asked.picture, drawing.file(kinds[asked.picture.suffix]), force=True)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table with a header. Raises InputError for a file that cannot be read."""
    return list(csv.DictReader(files.read_text(path, 10_000_000).splitlines()))


def words_of(table: list[dict[str, str]]) -> tuple[dict[str, dict[str, Point]], Point]:
    """Word error rates [%] by chip and arm, and float's."""
    points = {
        (row["chip"], row["arm"]): Point(float(row["WER [%]"]), float(row["low"]), float(row["high"])) for row in table
    }
    chips = {
        label: {arm: points[chip, arm] for arm in ("naive", "aat")}
        for chip, label in CHIPS.items()
        if (chip, "aat") in points
    }
    return chips, points["-", "float"]


def gains_of(table: list[dict[str, str]]) -> dict[str, list[tuple[float, float]]]:
    """Curves of gain [%] over the hand-off [us] for a recogniser of the paper's size."""
    own = [row for row in table if row["model"] == MODEL and float(row["hand-off [us]"]) <= LONGEST_US]
    return {
        label: [(float(row["hand-off [us]"]), float(row[column])) for row in own]
        for column, label in BANDWIDTHS.items()
    }


if __name__ == "__main__":
    main()
