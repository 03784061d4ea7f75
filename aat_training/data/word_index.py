"""A folder of single words: the tab-separated index that names each recording, and the recordings themselves."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath

import numpy as np

from aat_training.data.audio import Samples, read_audio_file
from aat_training.data.strings import Recording
from aat_training.data.trim import trimmed
from nnasim import files, limits
from nnasim.errors import FileError, InputError, ManifestError, shown
from nnasim.tablefile import table_lines
from workloads.audio.header import AudioHeader, read_header

COLUMNS = ("path", "text", "speaker", "split")
LONGEST_WORD_S = limits.WORD_SECONDS
_MAX_BYTES = limits.LIST_BYTES
_MAX_ROWS = limits.MANIFEST_LINES
_QUIETEST = 2.0**-31
_UNPRINTABLE = {*range(0x20), 0x7F, *range(0x80, 0xA0)}


class _Row(dict[str, str]):
    """One line: its columns, and where it stands."""

    where: str


def recordings_by_speaker(
    index: str | Path, split: str | None = None, speakers: Collection[str] = (), without: Collection[str] = ()
) -> dict[str, list[Recording]]:
    """The recordings of ``index`` (columns path, text, speaker, split, others ignored), sorted by speaker and path.

    Paths start at the index's folder. ``split``, ``speakers``: only these where given; ``without``: not these.
    Raises FileError or ManifestError with the line: a wrong header or row, a text that is not one word, a path that
    leaves the folder or is there twice; InputError for a split or speaker that no row has, or when nothing is left.
    """
    every = _rows(Path(index))
    rows = [row for row in every if split is None or row["split"] == split]
    if not rows:
        allowed = ", ".join(sorted({row["split"] for row in every}))
        raise InputError(index, "split", split, f"must be one of {allowed}")
    row_speakers = {row["speaker"] for row in rows}
    for option, names in (("speakers", speakers), ("without-speakers", without)):
        if unknown := sorted(set(names) - row_speakers):
            raise InputError(index, option, unknown[0], f"must be one of {', '.join(sorted(row_speakers))}")
    wanted = (set(speakers) or row_speakers) - set(without)
    if not wanted:
        raise InputError(index, "without-speakers", ",".join(sorted(without)), "leaves no speaker")
    chosen: dict[str, list[Recording]] = {speaker: [] for speaker in sorted(wanted)}
    for row in sorted(rows, key=lambda row: row["path"]):
        if row["speaker"] in wanted:
            chosen[row["speaker"]].append(Recording(row["text"], Path(index).parent / row["path"]))
    return chosen


def common_rate(recordings: dict[str, list[Recording]]) -> int:
    """Samples a second of all recordings, from their headers alone.

    Raises FileError: not audio, longer than ``LONGEST_WORD_S``, or of another rate than the first one.
    """
    first: tuple[Path, int] | None = None
    for recording in (recording for own in recordings.values() for recording in own):
        with files.open_regular(recording.path) as file:
            header = read_header(file, recording.path)
        refuse_long(header, recording.path)
        first = first or (recording.path, header.sample_rate)
        if header.sample_rate != first[1]:
            raise FileError(recording.path, f"has {header.sample_rate} samples a second, and {first[0]} has {first[1]}")
    assert first is not None
    return first[1]


def refuse_long(header: AudioHeader, path: Path) -> None:
    """Raise FileError for a recording of one word that lasts longer than any word."""
    if header.seconds > LONGEST_WORD_S:
        why = f"lasts {header.seconds:.1f} s; a recording of one word lasts at most {LONGEST_WORD_S:g} s"
        raise FileError(path, why)


def load_word(path: Path) -> Samples:
    """One recording, the silence around its word trimmed. Raises FileError for all silence, or no audio."""
    samples, rate = read_audio_file(path)
    refuse_silence(samples, path)
    return trimmed(samples, rate)


def refuse_silence(samples: Samples, path: Path) -> None:
    """Raise FileError unless something can be heard: what is quieter than a bit of 32 cannot be made loud."""
    if not len(samples) or np.abs(samples).max() < _QUIETEST:
        raise FileError(path, "holds nothing but silence")


def _rows(index: Path) -> list[_Row]:
    lines = (line.rstrip("\r\n") for line in table_lines(files.read_text(index, _MAX_BYTES), index))
    header = (names := next(lines, "")).split("\t")
    for name in COLUMNS:
        if header.count(name) != 1:
            why = f"line 1 must name each of the columns {', '.join(COLUMNS)} once, separated by tabs"
            raise FileError(index, f"{why}; it is {shown(names)}")
    first: dict[str, str] = {}
    rows = []
    for number, line in enumerate(lines, start=2):
        if number > _MAX_ROWS + 1:
            raise FileError(index, f"has more than {_MAX_ROWS:,} rows")
        if line.strip():
            row = _row(header, line, f"{index} line {number}")
            path = str(PurePosixPath(row["path"]))  # ./a.wav is a.wav
            if first.setdefault(path, row.where) != row.where:
                raise ManifestError(row.where, "path", row["path"], f"stands already in {first[path]}")
            rows.append(row)
    if not rows:
        raise FileError(index, "names no recording")
    return rows


def _row(header: list[str], line: str, where: str) -> _Row:
    values = line.split("\t")
    if len(values) != len(header):
        raise FileError(where, f"has {len(values)} columns, the header names {len(header)}")
    row = _Row(zip(header, values, strict=True))
    row.where = where
    for name in COLUMNS:
        value = row[name]
        if not 1 <= len(value) <= 500 or value != value.strip() or not _UNPRINTABLE.isdisjoint(map(ord, value)):
            raise ManifestError(
                where, name, value, "must be 1 to 500 characters, no control characters, no blanks around"
            )
    if len(row["text"].split()) != 1:
        raise ManifestError(where, "text", row["text"], "must be one word: each recording holds one")
    path = PurePosixPath(row["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ManifestError(where, "path", row["path"], "must stay inside the index's folder")
    return row
