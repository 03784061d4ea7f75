"""A made corpus on disk: a folder of FLAC files, a manifest and the words' times; complete, or not there at all."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from aat_training.data.alignment import Alignment, WordTime, alignment_bytes, alignment_path
from aat_training.data.clip import Clip
from aat_training.data.manifest import Entry, is_printable, manifest_bytes
from nnasim import files
from nnasim.errors import FileError, writing


def audio_folder(manifest: str | Path) -> Path:
    """The folder of the audio of a composed ``manifest``: ``train.jsonl`` -> ``train_audio`` beside it."""
    return Path(manifest).with_name(Path(manifest).stem + "_audio")


def refuse_existing_corpus(manifest: str | Path, force: bool) -> None:
    """Raise FileError if any output of ``write_corpus`` exists already; called before the work, not after it."""
    refuse_existing_outputs(manifest, audio_folder, force)
    files.refuse_existing_file(alignment_path(manifest), force)


def refuse_existing_outputs(manifest: str | Path, beside: Callable[[str | Path], Path], force: bool) -> None:
    """Raise FileError when ``manifest``, or the folder ``beside`` it, exists already or cannot be written."""
    if Path(manifest).is_dir():
        raise FileError(manifest, "is a folder; a manifest's file name is needed")
    if not is_printable(Path(manifest).stem):  # its lines name the folder beside it
        raise FileError(manifest, "must hold no control character, since the folder of its speech is named after it")
    files.refuse_existing_file(manifest, force)
    files.refuse_existing_folder(beside(manifest), force)


def write_corpus(manifest: str | Path, clips: Iterable[Clip], prefix: str, *, force: bool = False) -> int:
    """Write every clip as ``000000.flac`` ... (16 bits, mono), then the words' times, then the manifest.

    Names are counters: nothing that stands in a file becomes part of a path. Returns the number of utterances.
    """
    refuse_existing_corpus(manifest, force)
    folder, times = audio_folder(manifest), alignment_path(manifest)
    entries, alignments = [], []
    with new_corpus(manifest, (times,), folder, force=force) as (partial, write):
        for number, clip in enumerate(clips):
            name = f"{number:06d}.flac"
            (partial / name).write_bytes(_flac(clip))
            entries.append(_entry(clip, f"{prefix}-{number:06d}", folder / name))
            alignments.append(_alignment(clip, entries[-1].id))
        write(times, alignment_bytes(alignments))
        write(manifest, manifest_bytes(manifest, entries))
    return len(entries)


@contextlib.contextmanager
def new_corpus(
    manifest: str | Path, beside: Iterable[Path], folder: Path, *, force: bool
) -> Iterator[tuple[Path, Callable[[str | Path, bytes], None]]]:
    """A context in which the new ``folder`` and its ``manifest`` are written, with the files ``beside`` it.

    Yields the partial folder, and the function that writes one of the files, given its path and its bytes. All get
    their names at the end, so that a disk that fills leaves the old corpus whole: the folder first, the manifest last,
    so that where it stands, everything it names stands too. The old folder is deleted when all is done: a run that is
    killed while it is would leave the old manifest with new audio.
    """
    with contextlib.ExitStack() as last, contextlib.ExitStack() as stack:
        new = {str(path): stack.enter_context(files.new_file(path, force=force)) for path in (manifest, *beside)}

        def write(path: str | Path, data: bytes) -> None:
            with writing(path):
                new[str(path)].write(data)
                new[str(path)].flush()
                os.fsync(new[str(path)].fileno())  # a disk that is full says so before any name changes

        yield stack.enter_context(files.new_folder(folder, force=force, last=last)), write


def _flac(clip: Clip) -> bytes:
    """Encoded in memory: what the disk then says is the system's own error, and not one of the library's."""
    encoded = io.BytesIO()
    soundfile.write(encoded, _pcm16(clip), clip.rate, format="FLAC", subtype="PCM_16")
    return encoded.getvalue()


def _pcm16(clip: Clip) -> NDArray[np.int16]:
    scaled: NDArray[np.float32] = np.clip(np.rint(clip.samples * 32768.0), -32768, 32767)
    return scaled.astype(np.int16)


def _entry(clip: Clip, name: str, path: Path) -> Entry:
    return Entry(
        id=name, audio_filepath=path.name, duration=round(len(clip.samples) / clip.rate, 6), text=clip.text,
        speaker=clip.speaker, folder=path.parent,
    )  # fmt: skip


def _alignment(clip: Clip, name: str) -> Alignment:
    words = [
        WordTime(word=w.word, start=round(w.start / clip.rate, 6), end=round(w.end / clip.rate, 6)) for w in clip.words
    ]
    return Alignment(id=name, words=tuple(words))
