"""The places of checkpoints, and the message if there is none. Needs no torch: files are checked first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nnasim import filekind, files
from nnasim.errors import FileError, reading

WEIGHTS, META = "model.safetensors", "model.json"
_MOST_NAMES = 5


def checkpoint_files(path: str | Path) -> tuple[Path, Path]:
    """``DIR`` or ``DIR/model.safetensors`` -> both files."""
    path = Path(path)
    weights = path / WEIGHTS if path.is_dir() else path
    return weights, weights.with_suffix(".json")


def checkpoint_for(folder: str | Path, system: str) -> Path:
    """The checkpoint of ``system`` in a folder of checkpoints: ``aat`` has its own, the others use the float one."""
    return Path(folder) / ("aat" if system == "aat" else "float")


def refuse_no_checkpoint(path: str | Path) -> None:
    """Raise FileError unless there is a checkpoint at ``path``; the message names what is there instead."""
    path = Path(path)
    if path.is_dir() and not (path / WEIGHTS).exists():
        inside = _checkpoints_in(path)
        why = f"is a folder of checkpoints; give one of them: {_listed(inside)}" if inside else f"holds no {WEIGHTS}"
        raise FileError(path, why)
    weights, meta = checkpoint_files(path)
    with files.open_regular(weights) as file, reading(weights):
        kind = filekind.of_bytes(head := file.read(1000)) or filekind.of_text(head.decode(errors="replace"))
    if kind not in (None, "a safetensors file"):
        raise FileError(weights, f"is no checkpoint{files.seems(weights)}")
    files.open_regular(meta).close()


def refuse_no_checkpoints(folder: str | Path, systems: Iterable[str]) -> None:
    """Raise FileError unless ``folder`` holds the checkpoints of ``systems``, ``float/`` and ``aat/``."""
    folder = Path(folder)
    wanted = sorted({checkpoint_for(folder, system) for system in systems})
    if all(path.is_dir() for path in wanted):
        for path in wanted:
            refuse_no_checkpoint(path)
        return
    if (folder / WEIGHTS).exists() or folder.name == WEIGHTS:
        parent = folder.parent if folder.is_dir() else folder.parent.parent
        raise FileError(folder, f"is itself a checkpoint; give its parent folder, {parent}")
    if folder.exists() and not folder.is_dir():
        raise FileError(folder, "is no folder of checkpoints")
    if not folder.exists():
        raise FileError(folder, "cannot be read (No such file or directory)")
    deeper = [inner for inner in _folders_in(folder) if all((inner / path.name).is_dir() for path in wanted)]
    missing = next(path.name for path in wanted if not path.is_dir())
    hint = f"; give {_listed(deeper)}" if deeper else ""
    raise FileError(folder, f"holds no {missing}/, a folder with {WEIGHTS} and {META}{hint}")


def _checkpoints_in(folder: Path) -> list[Path]:
    return [inner for inner in _folders_in(folder) if (inner / WEIGHTS).exists()]


def _folders_in(folder: Path) -> list[Path]:
    return sorted(inner for inner in folder.iterdir() if inner.is_dir())


def _listed(paths: list[Path]) -> str:
    more = ", ..." if len(paths) > _MOST_NAMES else ""
    return ", ".join(map(str, paths[:_MOST_NAMES])) + more
