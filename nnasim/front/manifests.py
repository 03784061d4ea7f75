"""``nnasim.write_manifest``: your own recordings as the list of speech that everything here reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nnasim.errors import ConfigError
from nnasim.front.arguments import FilePath, checked
from nnasim.front.needs import training_extra
from nnasim.records import Flag


@checked
def write_manifest(path: FilePath, speech: Mapping[str | Path, str], *, force: Flag = False) -> Path:
    """The path of the manifest that is written: a line for each recording, with its duration and its words.

    ``speech``: WAV or FLAC file -> what is said in it; an empty text where nothing is. Needs the extra ``train``.
    Raises ConfigError for no recording, FileError for a file that cannot be read or where ``path`` exists, unless
    ``force``, ManifestError for a text that no manifest holds.
    """
    if not speech:
        raise ConfigError("write_manifest", "speech", {}, "must hold at least one recording")
    manifest = Path(path)
    with training_extra():
        from aat_training.data.audio import audio_seconds
        from aat_training.data.manifest import entry_of, unique
        from aat_training.data.manifest import write_manifest as write

        entries = []
        for number, (recording, text) in enumerate(speech.items(), start=1):
            seconds = round(audio_seconds(recording), 6)
            line = {"audio_filepath": os.fspath(Path(recording).absolute()), "duration": seconds, "text": text}
            entries.append(entry_of(line, number, str(recording), Path()))
        write(manifest, unique(entries, manifest), force=force)
    return manifest
