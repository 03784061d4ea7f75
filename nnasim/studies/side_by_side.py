"""The things that can be compared: chips, existing results, or sweeps; recognised by the content of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from nnasim import filekind, files
from nnasim.errors import ConfigError, FileError
from nnasim.ir.io import read_result
from nnasim.ir.result import SimResult
from nnasim.studies.chips_folder import read_chips_folder
from nnasim.studies.chips_record import CHIPS_FILE
from nnasim.studies.explaining.sources import is_result
from nnasim.sweeps.database import is_store
from nnasim.sweeps.frames import StoredSweep
from nnasim.sweeps.fronts import FrontComparison, compare_fronts
from reports.hypotheses import Hypothesis
from reports.naming import labelled
from reports.result_set import ResultSet, read_folder
from reports.summary import SystemFigures

Kind = Literal["chips", "results", "sweeps"]
SUMMARY = "summary.json"
_STUDY = "study="
_OURS = (".json", ".sqlite")  # what results and stores end with, and no chip does


class Measured(NamedTuple):
    """A result, the figures of it that have word errors, and the recognised words."""

    result: SimResult
    scored: SystemFigures | None = None
    heard: tuple[Hypothesis, ...] = ()


def kind_of(texts: Sequence[str], source: str) -> Kind:
    """The kind of thing that all of ``texts`` name.

    It may be a store of sweeps, or a folder that holds one; a result file, or a folder of results; anything else is a
    chip. Raises ConfigError if they name different kinds, FileError for a folder that holds none of them.
    """
    kinds = [_kind(text) for text in texts]
    for place, kind in enumerate(kinds, start=1):
        if kind != kinds[0]:
            allowed = f"is one of {kind}, and {texts[0]} one of {kinds[0]}: they do not compare"
            raise ConfigError(source, f"argument {place}", texts[place - 1], allowed)
    return kinds[0] if kinds else "chips"


def _kind(text: str) -> Kind:
    path = _path(text)
    if text.strip() and path.is_dir():
        return _kind_of_folder(path)
    if not path.is_file():
        if path.suffix in _OURS:
            raise FileError(path, "cannot be read (No such file or directory)")
        return "chips"
    if is_store(path):
        return "sweeps"
    begins = files.read_text(path)[:1000].lstrip() if path.suffix == ".json" else ""
    return "results" if begins.startswith("{") and is_result(path) else "chips"


def _path(text: str) -> Path:
    """The file that a text begins with, before any changes or the name of a study."""
    return Path(text) if not text or Path(text).exists() else Path(text.split()[0] if text.split() else text)


def _kind_of_folder(folder: Path) -> Kind:
    if (folder / SUMMARY).is_file() or (folder / CHIPS_FILE).is_file():
        return "results"
    if _stores(folder):
        return "sweeps"
    seems = filekind.hint(filekind.of_folder(folder))
    raise FileError(folder, f"holds neither the results of a comparison nor the store of a sweep{seems}")


def _stores(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and is_store(path))


def results_side_by_side(paths: Sequence[Path]) -> ResultSet:
    """Every result of files and folders, under names that tell them apart, with words if they were decoded.

    Raises ConfigError for fewer than two results, and FileError, InputError or TraceError for files of another kind.
    """
    measured = [each for path in paths for each in _measured(path)]
    if len(measured) < 2:
        raise ConfigError(paths[0], "results", len(measured), "must be two results or more")
    results = labelled([each.result for each in measured])
    scored = {label: each.scored for label, each in zip(results, measured, strict=True) if each.scored}
    heard = [
        row._replace(system=label)
        for label, each in zip(results, measured, strict=True)
        for row in each.heard
    ]  # fmt: skip
    return ResultSet(results, hypotheses=heard, scored=scored)


def _measured(path: Path) -> Iterator[Measured]:
    if not path.is_dir():
        yield Measured(read_result(path))
    elif (path / CHIPS_FILE).is_file():
        yield from _of_chips(path)
    else:
        found = read_folder(path)
        figures = found.figures()
        for label, result in found.results.items():
            yield Measured(result, _if_scored(figures[label]), _heard(found.hypotheses, label))


def _of_chips(folder: Path) -> Iterator[Measured]:
    found = read_chips_folder(folder)
    for label, result in found.results.items():
        yield Measured(result, _if_scored(found.scored[label]), _heard(found.hypotheses, label))


def _if_scored(figures: SystemFigures) -> SystemFigures | None:
    return None if figures.wer is None else figures


def _heard(rows: Sequence[Hypothesis], system: str) -> tuple[Hypothesis, ...]:
    return tuple(row for row in rows if row.system == system)


def sweeps_side_by_side(texts: Sequence[str], source: str) -> FrontComparison:
    """The fronts of two or more sweeps, each a store or a folder of one; "study=DIGEST|NAME" after it chooses a sweep.

    Raises ConfigError for a single sweep and for one compared with itself, InputError as ``StoredSweep`` does.
    """
    if len(texts) < 2:
        raise ConfigError(source, "sweeps", len(texts), "must be two sweeps or more")
    sweeps = [_sweep(text) for text in texts]
    studies = [(sweep.digest, sweep.store) for sweep in sweeps]
    for place, study in enumerate(studies):
        if (first := studies.index(study)) < place:
            allowed = f"is the same study as sweep {first + 1}, {study[0]}"
            raise ConfigError(source, f"sweep {place + 1}", texts[place], allowed)
    return compare_fronts(*sweeps)


def _sweep(text: str) -> StoredSweep:
    path = _path(text)
    rest = text[len(str(path)) :].strip()
    if rest and not rest.startswith(_STUDY):
        raise ConfigError(path, "", rest, f"must be {_STUDY}DIGEST or {_STUDY}NAME")
    if path.is_dir():
        stores = _stores(path)
        if len(stores) > 1:
            raise FileError(path, f"holds {len(stores)} stores; give one of {', '.join(map(str, stores[:5]))}")
        path = stores[0]
    return StoredSweep(path, rest.removeprefix(_STUDY) or None)
