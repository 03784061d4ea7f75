"""Every file is hostile until read: bounded reading, strict JSON and YAML, atomic writing.

Limits (also in the manual): YAML 1 MB, depth 50, 20,000 values, no alias, tag or duplicate key; JSON depth 100, finite
numbers, no duplicate key. Only regular files are opened, and a size is known before anything is allocated.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from nnasim import filekind, limits
from nnasim.errors import FileError, reading, reason, shown, writing
from nnasim.exchange import exchange
from nnasim.json_shape import refuse_json_shape
from nnasim.leftovers import Spare, partial_file, partial_folder, partial_prefix, remove_left, without_umask
from nnasim.opened import open_regular as open_regular
from nnasim.together import apart, ready_for, waits
from nnasim.yaml_text import parse_yaml as parse_yaml

YAML_MAX_BYTES = limits.YAML_BYTES
JSON_MAX_BYTES = limits.JSON_BYTES
MARK = ".nnasim"
"""The file in every folder that nnasim makes which lists what nnasim wrote there."""
PARTIAL = {"kind": "nnasim.partial_folder"}
"""The mark of a folder that is being written."""
Check = Callable[[Path], None]
"""Raises FileError unless a folder may be deleted."""


def read_bytes(path: str | Path, max_bytes: int = JSON_MAX_BYTES) -> bytes:
    """The bytes of a whole regular file of at most ``max_bytes`` bytes; its size is known before anything is read.

    Raises FileError as ``open_regular`` does, and for a larger file.
    """
    with open_regular(path) as file, reading(path):
        _size_allowed(file, path, max_bytes)
        data = read_up_to(file, max_bytes + 1)
    if len(data) > max_bytes:
        raise FileError(path, f"is longer than {max_bytes:,} bytes")
    return data


def read_up_to(file: BinaryIO, most: int) -> bytes:
    """The rest of ``file``, but at most ``most`` bytes. No more memory is asked for than the file's size."""
    size = os.fstat(file.fileno()).st_size
    data = file.read(min(most, size + 1))
    if size < len(data) < most:  # it grows, or is one of /proc, which say that they are empty
        data += file.read(most - len(data))
    return data


def _size_allowed(file: BinaryIO, path: str | Path, max_bytes: int) -> int:
    if (size := os.fstat(file.fileno()).st_size) > max_bytes:
        raise FileError(path, f"has {size:,} bytes, at most {max_bytes:,} are allowed")
    return size


def digest(path: str | Path, max_bytes: int = limits.WEIGHTS_BYTES) -> str:
    """SHA-256 of a regular file in hexadecimal digits, read piece by piece. Raises FileError as ``read_bytes`` does."""
    with open_regular(path) as file, reading(path):
        _size_allowed(file, path, max_bytes)
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it has readinto


def read_text(path: str | Path, max_bytes: int = JSON_MAX_BYTES) -> str:
    """The text of a regular UTF-8 file, without a byte order mark. Raises FileError, which names the first byte that is
    not UTF-8.
    """
    try:
        data = read_bytes(path, max_bytes)
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        seems = filekind.hint(filekind.of_bytes(data))
        raise FileError(path, f"is not UTF-8 text (byte {error.start}){seems}") from None


def parse_json(text: str, source: object) -> Any:
    """The value of a strict JSON text: depth at most 100, finite numbers, no duplicate key. Raises FileError, which
    names ``source`` and the place.
    """

    def refuse_constant(name: str) -> None:
        raise FileError(source, f"JSON has {name}, only finite numbers are allowed")

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise FileError(source, f"JSON has {digits[:40]}, beyond the range of a double")
        return value

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise FileError(source, f"JSON has the key {twice[:80]!a} twice")
        return record

    refuse_json_shape(text, source)
    try:
        return json.loads(text, parse_constant=refuse_constant, parse_float=finite, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        seems = filekind.hint(filekind.of_text(text), unless="JSON")
        raise FileError(source, f"is not JSON from {place} on{seems}") from None
    except (RecursionError, ValueError):
        raise FileError(source, "is not JSON that can be read") from None


def read_json(path: str | Path, max_bytes: int = JSON_MAX_BYTES) -> Any:
    """The value of a JSON file, read as strictly as by ``parse_json``."""
    return parse_json(read_text(path, max_bytes), path)


def refuse_other(data: Any, wanted: str, source: object) -> None:
    """Raise FileError if ``data``, parsed JSON or YAML, is clearly a file of another kind than ``wanted``."""
    if (kind := filekind.of_data(data)) not in (None, wanted):
        raise FileError(source, f"is {kind}, not {wanted}{filekind.advice(kind)}")


def seems(path: str | Path) -> str:
    """The end of a message about a file of the wrong kind, such as "; it seems to be a WAV file"; empty if unknown."""
    try:
        with open_regular(path) as file:
            head = file.read(YAML_MAX_BYTES)
    except FileError:
        return ""
    text = head.decode("utf-8", "replace")
    kind = filekind.of_bytes(head) or filekind.of_text(text)
    if kind == "JSON":
        with contextlib.suppress(FileError):
            kind = filekind.of_data(parse_json(text, path)) or kind
    return filekind.hint(kind)


def read_yaml(path: str | Path) -> Any:
    """The value of a strict YAML 1.2 file: at most 1 MB and 50 levels, no alias, anchor, tag, merge key, directive,
    second document or duplicate key.

    ruamel.yaml's pure safe loader is used because it refuses duplicate keys and reads 1e9 as a number. The events are
    walked first, so that a depth that would exhaust the loader is refused at its 51st level.
    """
    return parse_yaml(read_text(path, YAML_MAX_BYTES), path)


def json_text(data: Any, *, indent: int | None = 1) -> str:
    """``data`` as JSON with sorted keys: the same bytes for the same data. Raises ValueError for NaN and infinity."""
    return json.dumps(data, indent=indent, sort_keys=True, allow_nan=False, ensure_ascii=True) + "\n"


def refuse_existing(path: str | Path, force: bool = False, check: Check | None = None) -> Path:
    """``path``, if it can be written. Called before the work begins, so that no work is lost.

    Raises FileError if something is there already and ``force`` is not given, if it is a folder that nnasim may not
    replace (``check`` raises; else ``refuse_foreign``) or none can, and if the folder that it goes into cannot be
    written.
    """
    target = Path(path)
    there = os.path.lexists(target)
    if there and not force:
        raise FileError(path, "exists already; use `force` to replace it")
    if there and not _is_replaceable(target):
        raise FileError(path, "is a device, a pipe or a socket, which no file replaces; give another name")
    if there and target.is_dir():
        (check or refuse_foreign)(target)
        if os.path.ismount(target):
            raise FileError(target, "has a file system mounted on it, so no folder replaces it; give one within it")
    folder = next((parent for parent in target.absolute().parents if os.path.lexists(parent)), target)
    if not folder.is_dir():
        raise FileError(target, f"cannot be written ({folder} is not a folder)")
    # As the system will decide it: without this, a process that has a capability in place of root's name is refused.
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise FileError(target, f"cannot be written (files cannot be created in {folder})")
    _refuse_long_names(target, folder)
    return target


def refuse_existing_file(path: str | Path, force: bool = False) -> Path:
    """``path``, if a file may stand there. Raises FileError as ``refuse_existing`` does, and for a folder."""
    if os.path.isdir(path):
        raise FileError(path, "is a folder; give the name of a file")
    return refuse_existing(path, force)


def refuse_existing_folder(path: str | Path, force: bool = False, check: Check | None = None) -> Path:
    """``path``, if a folder may stand there. Raises FileError as ``refuse_existing`` does, for what is no folder, and
    for a path without a name of its own (., .., /): a new folder is made beside what it replaces, not within.
    """
    target = Path(path)
    if os.path.isfile(target):
        raise FileError(target, "is not a folder, so a folder cannot replace it")
    if target.name in ("", ".."):
        raise FileError(target, "is a folder that cannot be replaced by a new one; give a new folder's name")
    return refuse_existing(target, force, check)


def _refuse_long_names(target: Path, folder: Path) -> None:
    """Raise FileError if a name of ``target`` below ``folder``, which is there, is too long for its file system."""
    try:
        most = os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError, AttributeError):  # not every system says
        return
    for name in target.absolute().relative_to(folder).parts:
        if (size := len(os.fsencode(name))) > most:
            raise FileError(target, f"cannot be written (a name has at most {most} bytes there, and this one {size})")


def _is_replaceable(target: Path) -> bool:
    """Whether ``target``, which is there, is a file, a folder, or a link that leads to one or nowhere.

    Nothing of /dev is, such as /dev/stdout where it leads to a file: root could replace it for the whole machine.
    """
    if os.path.abspath(target).startswith("/dev/") and not os.path.abspath(target).startswith("/dev/shm/"):
        return False
    try:
        mode = target.stat().st_mode
    except OSError:
        return target.is_symlink()
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def write_bytes(path: str | Path, data: bytes, *, force: bool = False) -> None:
    """Write ``data`` to ``path``, completely or not at all."""
    with new_file(path, force=force) as file:
        file.write(data)


@contextlib.contextmanager
def new_file(path: str | Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """A file open for writing. It appears under its final name only when it is complete: it is a temporary file in the
    same folder until it is synced and renamed; with others of ``together``, until they are.
    """
    target = refuse_existing_file(path, force)
    ready_for(target)
    spare = Spare()
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_left(target.parent, prefix := partial_prefix(target.name), lambda folder: False)
        handle, name = partial_file(target.parent, prefix)
    temporary, later = Path(name), False
    try:
        with writing(target):
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), without_umask(0o666))
                later = waits(temporary, target, lambda: refuse_existing_file(path, force), os.replace, file.fileno())
            if not later:
                os.replace(temporary, target)
    finally:
        spare.free()
        if not later:
            temporary.unlink(missing_ok=True)


def write_json(path: str | Path, data: Any, *, force: bool = False, indent: int | None = 1) -> None:
    """Write ``json_text`` of ``data`` to ``path``, atomically."""
    write_bytes(path, json_text(data, indent=indent).encode(), force=force)


@contextlib.contextmanager
def new_folder(
    path: str | Path, *, force: bool = False, check: Check | None = None, last: contextlib.ExitStack | None = None
) -> Iterator[Path]:
    """A new folder. It appears under its final name only when everything in it is complete.

    Yields a partial folder in the same place, which is renamed on success and removed on failure; what a killed run
    left is removed by the next that writes there. The folder holds a mark: a file that lists what nnasim wrote there.
    With ``force``, an old folder and the new one change places in one instant, and then the old one is deleted. Raises
    FileError for a folder without the mark, or with any other file in it: only what nnasim wrote is ever deleted.

    ``check`` raises FileError unless an old folder may be deleted that is known by what it holds, and gets no mark.
    ``last``: the old folder is deleted when this is closed, and not before.
    """
    target = refuse_existing_folder(path, force, check)
    ready_for(target)
    with writing(target):
        spare = Spare(whole=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_left(target.parent, prefix := partial_prefix(target.name)[1:], lambda left: _left_by_us(left, check))
        lock, partial = partial_folder(target.parent, prefix)
    later = False
    try:
        with writing(target):
            (partial / MARK).write_text(json_text(PARTIAL), encoding="utf-8")
            with apart():
                yield partial
            _mark(partial) if check is None else (partial / MARK).unlink()
            partial.chmod(without_umask(0o777))
            refuse_existing_folder(path, force, check)
            later = waits(partial, target, lambda: refuse_existing_folder(path, force, check), _replace_folder, lock)
            if not later and os.path.lexists(target):
                _replace_folder(partial, target)
            elif not later:
                os.replace(partial, target)
    except FileError as error:
        raise _under_its_final_name(error, partial, target) from None
    finally:
        spare.free()
        with contextlib.ExitStack() as now:
            (now if later else last or now).callback(os.close, lock)
            if not later:
                (last or now).callback(_remove, partial)


def _mark(folder: Path) -> None:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name != MARK)
    (folder / MARK).write_text(json_text({"kind": "nnasim.folder", "names": names}), encoding="utf-8")


def _left_by_us(folder: Path, check: Check | None) -> bool:
    """Whether ``folder`` is one that was being written, or an old one in whose place a new one already stands."""
    with contextlib.suppress(FileError):
        if read_json(folder / MARK) == PARTIAL:
            return True
    try:
        (check or refuse_foreign)(folder)
    except FileError:
        return False
    return any(folder.iterdir())


def _under_its_final_name(error: FileError, partial: Path, target: Path) -> FileError:
    path = Path(str(error.path))
    return FileError(target / path.relative_to(partial), error.why) if path.is_relative_to(partial) else error


def _replace_folder(partial: Path, target: Path) -> None:
    """``partial`` takes the place of ``target``, which is then at ``partial`` or deleted.

    A system that cannot let them change places sets the old one aside first: for an instant neither has the name, and
    who is killed just then finds both beside it, whole.
    """
    if exchange(partial, target):
        return
    lock, old = partial_folder(target.parent, partial_prefix(target.name)[1:])
    try:
        os.replace(target, old / "old")
        os.replace(partial, target)
        shutil.rmtree(old)
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a folder as far as that can be done; of a link to a folder, only the link."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_foreign(folder: Path) -> None:
    """Raise FileError unless ``folder`` is empty, or has the mark and holds only what the mark lists."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise FileError(folder, f"cannot be read ({reason(error)})") from None
    ours = _marked(folder) if MARK in names else set()
    foreign = next((name for name in names if name not in ours), None)
    if foreign is not None:
        it = shown(foreign)
        why = f"holds {it}, which nnasim did not write and will not delete; remove it, or give another folder"
        raise FileError(folder, why if MARK in names else f"is not a folder that nnasim made: it {why}")


def _marked(folder: Path) -> set[str]:
    """The names in the mark of ``folder``, and the mark's own; empty if there is no valid mark."""
    try:
        mark = read_json(folder / MARK)
    except FileError:
        return set()
    names = mark.get("names") if isinstance(mark, dict) and mark.get("kind") == "nnasim.folder" else None
    return {MARK, *filter(lambda name: isinstance(name, str), names)} if isinstance(names, list) else set()
