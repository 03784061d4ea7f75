"""Functions that write a manifest and print a line about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim import files
from nnasim.cli.outputs import refuse_same
from nnasim.cli.progress import with_progress
from nnasim.cli.told import say
from nnasim.markup import counted

if TYPE_CHECKING:
    from aat_training.data.clip import Clip
    from aat_training.data.manifest import Entry


def write_speech(out: Path, clips: Iterator[Clip], prefix: str, total: int, *, quiet: bool, force: bool) -> None:
    """Write the audio and its manifest."""
    from aat_training.data.corpus import audio_folder, write_corpus

    count = write_corpus(out, with_progress(clips, "speech", total), prefix, force=force)
    if not quiet:
        say([f"{out}: {counted(count, 'utterance')}, audio in {audio_folder(out)}"])


def write_entries(out: Path, entries: Iterator[Entry], *, quiet: bool, force: bool) -> None:
    """Write a manifest of audio that stays where it is."""
    from aat_training.data.manifest import write_manifest

    files.refuse_existing_file(out, force)
    all_entries = list(with_progress(entries, "utterances"))
    refuse_read(out, [entry.path for entry in all_entries], force)
    write_manifest(out, all_entries, force=force)
    tell_entries(out, all_entries, quiet=quiet)


def refuse_read(out: Path, read: Iterable[Path | None], force: bool) -> None:
    """Raise ConfigError if ``out``, which stands already, is one of the files that are ``read``."""
    if force and os.path.lexists(out):  # without, it is refused as what stands there
        refuse_same("data", {"--out": out}, read)


def tell_entries(out: Path, entries: Sequence[Entry], *, quiet: bool) -> None:
    """Print how much speech the manifest has, unless ``quiet``."""
    if not quiet:
        say([f"{out}: {counted(len(entries), 'utterance')}, {_length(entries)}"])


def _length(entries: Sequence[Entry]) -> str:
    """The length of all speech: in seconds below a minute, in minutes from there on."""
    seconds = sum(entry.duration for entry in entries)
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} minutes"
