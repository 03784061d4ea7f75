"""Checks of input files before anything heavy is imported: a missing file is reported at once, not after torch has
loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aat_training.data.manifest import Entry


def look_for(*paths: Path | None) -> None:
    """Raise FileError for the first of ``paths`` that is not a regular file; None stands for a path that was
    not given.
    """
    from nnasim import files

    for path in paths:
        if path is not None:
            files.open_regular(path).close()


def look_for_speech(*paths: Path) -> None:
    """Raise FileError for the first of ``paths`` that is neither a regular file nor a whole folder of shards."""
    from aat_training.data.shards.layout import are_shards, read_shards

    for path in paths:
        if are_shards(path):
            read_shards(path).refuse_missing()
        else:
            look_for(path)


def look_for_checkpoint(path: Path | None) -> None:
    """Raise FileError unless there is a checkpoint at ``path``."""
    from aat_training.checkpoint_files import refuse_no_checkpoint

    if path is not None:
        refuse_no_checkpoint(path)


def look_for_checkpoints(folder: Path, systems: Iterable[str]) -> None:
    """Raise FileError unless ``folder`` holds the checkpoints of ``systems``."""
    from aat_training.checkpoint_files import refuse_no_checkpoints

    refuse_no_checkpoints(folder, systems)


def checked_speech(manifest: Path, limit: int | None = None) -> list[Entry]:
    """The utterances of ``manifest``, up to ``limit``, with existing files. Raises FileError or ManifestError."""
    from aat_training.data.check import check_files
    from aat_training.data.manifest import read_manifest

    entries = read_manifest(manifest, limit)
    check_files(entries)
    return entries
