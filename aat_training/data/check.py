"""Checks of the files that a manifest names: their length, and whether they can be read."""

from __future__ import annotations

from collections.abc import Iterable

from aat_training.data.audio import audio_seconds
from aat_training.data.cepstra import FRAMES_PER_SECOND, read_mfc
from aat_training.data.manifest import Entry
from nnasim.errors import FileError


def seconds_of(entry: Entry) -> float:
    """Duration [s] by the audio's checked header, or by the rows of the cepstra; nothing is decoded.

    Raises ManifestError with the manifest's line: missing, not a regular file, empty, neither audio nor cepstra,
    declared longer than it is, or over a limit; and with the line of the word times for words behind its end.
    """
    seconds = _seconds(entry)
    if entry.timed is not None:
        entry.timed.refuse_end_behind(seconds, str(entry.path))
    return seconds


def _seconds(entry: Entry) -> float:
    try:
        if entry.audio_filepath is not None:
            return audio_seconds(entry.path, entry.span)
        first, last = entry.span(len(read_mfc(entry.path)), FRAMES_PER_SECOND)
        return (last - first) / FRAMES_PER_SECOND
    except FileError as error:
        raise entry.refuse(error) from None


def check_files(entries: Iterable[Entry]) -> None:
    """``seconds_of`` each, before the long work starts: a bad last line must not cost what went before it."""
    for entry in entries:
        seconds_of(entry)
