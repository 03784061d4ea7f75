"""CMU AN4 as Sphinx cepstra: the utterances that a tab-separated list names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from aat_training.data.cepstra import FRAMES_PER_SECOND, read_mfc
from aat_training.data.manifest import Entry, unique
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError, reading
from nnasim.records import validated
from nnasim.tablefile import table_lines

_COLUMNS = ["path", "speaker", "text"]
_MAX_LIST_BYTES = limits.LIST_BYTES


def the_list(folder: str | Path, split: str | None, given: str | Path | None) -> Path:
    """The list to read: ``given``, or ``SPLIT.tsv`` of ``folder``, or the only list there. Raises FileError."""
    if given is not None:
        return Path(given)
    if split is not None:
        return Path(folder) / f"{split}.tsv"
    with reading(folder):
        lists = sorted(path for path in Path(folder).iterdir() if path.suffix == ".tsv")
    if len(lists) != 1:
        names = ", ".join(path.name for path in lists) or "none"
        raise FileError(folder, f"needs `split` or `list`, since its lists are: {names}")
    return lists[0]


def an4_entries(folder: str | Path, list_file: str | Path) -> Iterator[Entry]:
    """The utterances of ``list_file`` (columns path, speaker, text), whose paths start at ``folder``.

    Text is lower-cased; the duration is the file's rows at 100 a second. Raises FileError or ManifestError with the
    list's line: a wrong header or row, a path that leaves the folder, a cepstra file that cannot be read.
    """
    yield from unique(_entries(Path(folder), list_file), list_file)


def _entries(folder: Path, list_file: str | Path) -> Iterator[Entry]:
    lines = table_lines(files.read_text(list_file, _MAX_LIST_BYTES), list_file)
    if next(lines, "").rstrip("\r\n").split("\t") != _COLUMNS:
        raise FileError(list_file, f"line 1 must name the columns {', '.join(_COLUMNS)}, separated by tabs")
    for number, line in enumerate(lines, start=2):
        if line.strip():
            yield _entry(folder, line.rstrip("\r\n").split("\t"), f"{list_file} line {number}")


def _entry(folder: Path, row: list[str], where: str) -> Entry:
    if len(row) != len(_COLUMNS):
        raise FileError(where, f"has {len(row)} columns, {len(_COLUMNS)} are needed")
    path, speaker, text = row
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ManifestError(where, "path", path, "must stay inside the corpus's folder")
    try:
        frames = len(read_mfc(folder / path))
    except FileError as error:
        raise ManifestError(where, "path", folder / path, error.why) from None
    entry = {
        "id": PurePosixPath(path).stem, "features_filepath": path, "duration": frames / FRAMES_PER_SECOND,
        "text": " ".join(text.lower().split()), "speaker": speaker, "where": where, "folder": folder,
    }  # fmt: skip
    return validated(Entry, entry, where, ManifestError)
