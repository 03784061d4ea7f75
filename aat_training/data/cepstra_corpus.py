"""Recombined cepstra on disk: a folder of ``.mfc`` files and their manifest; complete, or not there at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aat_training.data.cepstra import FRAMES_PER_SECOND, mfc_bytes
from aat_training.data.corpus import new_corpus, refuse_existing_outputs
from aat_training.data.manifest import Entry, manifest_bytes
from aat_training.data.recombine import Utterance


def cepstra_folder(manifest: str | Path) -> Path:
    """The folder of the cepstra of a composed ``manifest``: ``train.jsonl`` -> ``train_cepstra`` beside it."""
    return Path(manifest).with_name(Path(manifest).stem + "_cepstra")


def refuse_existing_cepstra(manifest: str | Path, force: bool) -> None:
    """Raise FileError if any output of ``write_cepstra`` exists already; called before the work, not after it."""
    refuse_existing_outputs(manifest, cepstra_folder, force)


def write_cepstra(manifest: str | Path, utterances: Iterable[Utterance], prefix: str, *, force: bool = False) -> int:
    """Write every utterance as ``000000.mfc`` ..., then the manifest; returns how many there are."""
    refuse_existing_cepstra(manifest, force)
    folder, entries = cepstra_folder(manifest), []
    with new_corpus(manifest, (), folder, force=force) as (partial, write):
        for number, utterance in enumerate(utterances):
            name = f"{number:06d}.mfc"
            (partial / name).write_bytes(mfc_bytes(utterance.rows))
            entries.append(
                Entry(
                    id=f"{prefix}-{number:06d}", features_filepath=name, text=" ".join(utterance.words),
                    duration=len(utterance.rows) / FRAMES_PER_SECOND, speaker=utterance.speaker, folder=folder,
                )
            )  # fmt: skip
        write(manifest, manifest_bytes(manifest, entries))
    return len(entries)
