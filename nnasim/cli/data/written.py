"""Functions that write a manifest and print a line about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim import files
from nnasim.cli.progress import with_progress

if TYPE_CHECKING:
    from aat_training.data.clip import Clip
    from aat_training.data.manifest import Entry


def write_speech(out: Path, clips: Iterator[Clip], prefix: str, total: int, force: bool) -> None:
    """Write the audio and its manifest."""
    from aat_training.data.corpus import audio_folder, write_corpus

    count = write_corpus(out, with_progress(clips, "speech", total), prefix, force=force)
    print(f"{out}: {count} utterances, audio in {audio_folder(out)}")


def write_entries(out: Path, entries: Iterator[Entry], force: bool) -> None:
    """Write a manifest of audio that stays where it is."""
    from aat_training.data.manifest import write_manifest

    files.refuse_existing(out, force)
    all_entries = list(with_progress(entries, "utterances"))
    write_manifest(out, all_entries, force=force)
    print(f"{out}: {len(all_entries)} utterances, {sum(entry.duration for entry in all_entries) / 60:.1f} minutes")
