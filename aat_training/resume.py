"""The settings that determine a training run, so that it is continued under the same settings or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aat_training.checkpoint import read_checkpoint
from aat_training.checkpoint_files import checkpoint_files
from aat_training.data.jsonl import json_lines
from aat_training.data.shards.layout import INDEX, are_shards
from aat_training.run_spec import RunSpec
from nnasim import files
from nnasim.errors import CheckpointError, ConfigError, shown

Settings = dict[str, Any]
_NAMED = 4  # settings that a message names
_ABSENT = "nothing of that name"
_AUDIO = ("train_audio", "dev_audio")  # which runs of earlier versions did not write down
# A run whose record is older than a setting did without it.
_SINCE_THEN: dict[str, Any] = {
    "delay_penalty": 0.0, "distillation": 0.0, "dropout_until": 1.0, "accumulate": 1, "patience": 0,
    "shuffle_shards": 16, "augment.edges": 0.0, "augment.silence_frames": 0,
}  # fmt: skip


def settings_of(spec: RunSpec) -> Settings:
    """All that a run's numbers depend on, by flat names; files by their digests: moving them changes nothing."""
    recipe = spec.recipe.model_dump(mode="json", exclude={"float_run", "aat_run"})
    settings = {
        **flat(spec.run.model_dump(mode="json")),
        **flat({"recipe": recipe}),
        "system": spec.arithmetic,
        "train": [_speech_digest(path) for path in spec.train],
        "dev": _speech_digest(spec.dev),
        "train_audio": [audio_digest(path) for path in spec.train],
        "dev_audio": audio_digest(spec.dev),
        "init": None if spec.init is None else _digest(checkpoint_files(spec.init)[0]),
    }
    if spec.numerics is not None and spec.arithmetic != "float":
        settings |= flat({"numerics": spec.numerics.model_dump(mode="json")})
        settings |= {"calibration": spec.calibration, "gradient": spec.gradient}
    return settings


def flat(data: Mapping[str, Any], prefix: str = "") -> Settings:
    """Nested mappings as one, with names like ``augment.noise``."""
    settings: Settings = {}
    for name, value in data.items():
        settings |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return settings


def refuse_other_settings(source: Path, stored: object, run: object, now: Settings) -> None:
    """Raise CheckpointError with every setting that differs and both values.

    ``stored``: the settings that the run of ``source`` recorded; runs of version 0.1 have only their schedule, ``run``.
    """
    if isinstance(stored, Mapping):
        before = {**_SINCE_THEN, **{name: now[name] for name in _AUDIO if name in now}, **stored}
    elif stored is None and isinstance(run, Mapping):
        schedule = {name.partition(".")[0] for name in flat(run)}
        now = {name: now[name] for name in now if name.partition(".")[0] in schedule}
        before = {**{name: value for name, value in _SINCE_THEN.items() if name in now}, **flat(run)}
    else:
        raise CheckpointError(source, "settings", stored, "are missing: what this run was given is not known")
    other = [name for name in now if name not in before or before[name] != now[name]]
    other += [name for name in before if name not in now]
    if not other:
        return
    first, *more = other
    also = "".join(f"; {name} = {shown(now.get(name))}, there {_there(before, name)}" for name in more[: _NAMED - 1])
    also += f"; and {len(more) - _NAMED + 1} more" if len(more) >= _NAMED else ""
    why = f"the run in this folder has {_there(before, first)}{also}; continue with its own settings or start afresh"
    if "steps" in other:
        why += (
            ": its learning rate follows one cycle over all its steps, so a run of more is another one from the first "
            "step on (its checkpoint can be the start of a new run)"
        )
    raise CheckpointError(source, first, now.get(first), why)


def refuse_other_finished(spec: RunSpec, folder: Path) -> None:
    """Raise what ``refuse_other_settings`` raises, for the finished model of ``folder``."""
    checkpoint = read_checkpoint(folder)
    info = checkpoint.info
    refuse_other_settings(folder / "model.json", info.get("settings"), info.get("run"), settings_of(spec))


def _there(before: Settings, name: str) -> str:
    return shown(before[name]) if name in before else _ABSENT


def refuse_other_rank(first: str, own: Settings, files: Mapping[str, Sequence[Path]] | None = None) -> None:
    """Raise ConfigError unless the settings of this rank, ``own``, are those of the ``first``, as JSON.

    ``files``: those of this rank whose digests settings hold, by the setting's name.
    """
    theirs, own = json.loads(first), json.loads(json.dumps(own))
    for name in [*own, *theirs]:
        if name not in own or name not in theirs or own[name] != theirs[name]:
            why = f"must be the same on all ranks; rank 0 has {_there(theirs, name)}"
            source = "ranks" if not files or name not in files else ", ".join(map(str, files[name]))
            raise ConfigError(source, name, own.get(name), why)


def _speech_digest(path: Path) -> str:
    """The digest of a manifest, or of the index of a folder of shards, which holds the digests of all of them."""
    return _digest(path / INDEX if path.is_dir() else path)


def audio_digest(path: Path) -> str:
    """The digest of the sizes of the files that a manifest names, in its order: it shows that audio was replaced under
    the same names.

    Shards hold digests of their audio, which are of more use than sizes.
    """
    if are_shards(path):
        return _speech_digest(path)
    records = (data for _, _, data in json_lines(path) if isinstance(data, dict))
    sizes = [_size(path.parent, data.get("audio_filepath") or data.get("features_filepath")) for data in records]
    return "sha256 " + hashlib.sha256(json.dumps(sizes).encode()).hexdigest()[:16]


def _size(folder: Path, name: object) -> int | None:
    """The bytes of a file that a manifest names; None if it is missing, which is reported better when the manifest is
    read.
    """
    try:
        return (folder / name).stat().st_size if isinstance(name, str) else None
    except (OSError, ValueError):
        return None


def _digest(path: Path) -> str:
    return f"sha256 {files.digest(path)[:16]}"
