"""The folder that `nnasim compare-chips` wrote, read again. Needs no simulator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nnasim.errors import FileError, TraceError, shown
from nnasim.ir.io import read_result
from nnasim.studies.chips_record import CHIPS_FILE, read_chips_record
from reports.hypotheses import read_hypotheses
from reports.result_set import ResultSet, read_results
from reports.summary import SystemFigures

HYPOTHESES = "hypotheses.csv"
_RESULT_FILE = re.compile(r"results/[0-9]{1,6}\.json")


def read_any_results(paths: Sequence[Path]) -> ResultSet:
    """The results in a folder of `compare` or `compare-chips`, or in result files. Raises FileError or InputError."""
    if len(paths) == 1 and (paths[0] / CHIPS_FILE).is_file():
        return read_chips_folder(paths[0])
    return read_results(paths)


def read_chips_folder(folder: Path) -> ResultSet:
    """The comparison of chips in a folder, under its own labels. Raises FileError, InputError or TraceError."""
    record = read_chips_record(folder / CHIPS_FILE)
    scored = {
        label: SystemFigures.model_validate(chip.model_dump(include=set(SystemFigures.model_fields)))
        for label, chip in record.chips.items()
    }
    heard = read_hypotheses(folder / HYPOTHESES) if (folder / HYPOTHESES).is_file() else []
    places = chips_files(folder)
    results = {label: read_result(path) for label, path in places.items()}
    for label, result in results.items():
        told = record.chips[label].hardware_hash
        if result.hardware_hash != told:  # it would be judged under the name of another chip
            allowed = f"must be {shown(told)}, as {CHIPS_FILE} says of {shown(label)}"
            raise TraceError(places[label], "hardware_hash", result.hardware_hash, allowed)
    return ResultSet(results, hypotheses=heard, scored=scored)


def chips_files(folder: Path) -> dict[str, Path]:
    """The file of each chip's result, in the order of their numbers. Raises FileError for a name of another form."""
    chips = read_chips_record(folder / CHIPS_FILE).chips
    for chip in chips.values():
        if not _RESULT_FILE.fullmatch(chip.result):
            raise FileError(folder / CHIPS_FILE, f"names {chip.result[:80]!a}, which is no file of its results")
    ordered = sorted(chips.items(), key=lambda item: (len(item[1].result), item[1].result))
    return {label: folder / chip.result for label, chip in ordered}
