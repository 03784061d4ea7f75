"""``nnasim.write_manifest``: your own recordings as a manifest, the list of speech that nnasim reads."""

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
    """The path of the manifest that is written: one line for each recording, with its duration and its words.

    ``speech``: WAV or FLAC file -> the words spoken in it; an empty text if there are none. Needs the extra ``train``.
    Raises ConfigError if there is no recording; FileError if a file cannot be read, or if ``path`` exists, unless
    ``force``; ManifestError for a text that a manifest cannot hold.
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
