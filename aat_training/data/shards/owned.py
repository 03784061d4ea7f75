"""Checks of a folder that new shards are to replace: only shards that nnasim made are."""

from __future__ import annotations

import re
from pathlib import Path

from aat_training.data.shards.layout import INDEX, lines_of, manifest_path
from nnasim import files, limits
from nnasim.errors import FileError, ManifestError, reading, shown

_LEFT = r"\.partial-.{8}"  # of a run that was killed
_NAMES = re.compile(rf"{re.escape(INDEX)}|sharded_manifests|audio_[0-9]+\.tar|\.(audio_[0-9]+\.tar|index\.json){_LEFT}")
_WITHIN = re.compile(rf"manifest_[0-9]+\.json|\.manifest_[0-9]+\.json{_LEFT}")
_FIRST_MEMBER = re.compile(rb"000000\.(flac|wav|mfc)\0")
_FIRST_LINE_BYTES = limits.MANIFEST_LINE_BYTES


def refuse_other_shards(folder: Path) -> None:
    """Raise FileError unless ``folder`` holds shards that nnasim made, whole or not finished, and nothing else."""
    for inside, names in ((folder, _NAMES), (manifest_path(folder, 0).parent, _WITHIN)):
        if inside.is_dir():
            with reading(inside):
                present = sorted(path.name for path in inside.iterdir())
            for name in present:
                if not names.fullmatch(name):
                    why = f"holds {shown(name)}, which is no part of shards and will not be deleted"
                    raise FileError(inside, f"{why}; remove it, or give another folder")
    if (folder / INDEX).exists():
        _refuse_other_index(folder / INDEX)
    else:
        refuse_other_start(folder)


def _refuse_other_index(path: Path) -> None:
    record = files.read_json(path)
    if not isinstance(record, dict) or record.get("kind") != "nnasim.shards":
        files.refuse_other(record, "the index of shards", path)
        raise FileError(path, "is not the index of shards that nnasim made; remove it, or give another folder")


def refuse_other_start(folder: Path) -> None:
    """Raise FileError unless the shards of ``folder``, which has no index, are ours, so that a run may continue them.

    NeMo's have the same names; a tar that nnasim made begins with a member of a name that it gives.
    """
    for path in sorted(folder.glob("audio_*.tar")):
        with files.open_regular(path) as file, reading(path):
            if (head := file.read(512)) and not _FIRST_MEMBER.match(head):
                raise FileError(path, "is no shard that nnasim made, and will not be replaced; give another folder")
    for path in sorted(manifest_path(folder, 0).parent.glob("manifest_*.json")):
        with files.open_regular(path) as file, reading(path):
            line = file.readline(_FIRST_LINE_BYTES)
        try:
            lines_of(line, path)
        except (FileError, ManifestError) as error:
            why = "is no manifest of a shard that nnasim made, and will not be replaced; give another folder"
            raise FileError(path, why) from error
