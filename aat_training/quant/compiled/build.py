"""C source -> shared library in the user's cache folder. No compiler, or a build that fails: None, never an error."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from nnasim import files
from nnasim.errors import FileError
from nnasim.switches import is_on

# No contraction: a fused multiply-add rounds once where PyTorch rounds twice. The last two flags change no bit of a
# result; they let floor() and comparisons become vector instructions.
FLAGS = (
    "-O3", "-march=native", "-std=c11", "-shared", "-fPIC", "-fno-fast-math", "-ffp-contract=off", "-fno-math-errno",
    "-fno-trapping-math",
)  # fmt: skip
COMPILERS = "cc", "gcc", "clang"
TIMEOUT_S = 60.0


def enabled() -> bool:
    """Whether compiled code may be used: False if NNASIM_COMPILED=0 in the environment asks for plain PyTorch."""
    return is_on("NNASIM_COMPILED")


@cache
def load(source: Path) -> ctypes.CDLL | None:
    """The library of ``source``, built at most once per source, flags and machine."""
    compiler = next((path for name in COMPILERS if (path := shutil.which(name, path=_absolute_path()))), None)
    if compiler is None or os.name != "posix":
        return None
    try:
        code = source.read_bytes()
        target = cache_folder() / f"{source.stem}-{_digest(code, compiler)}.so"
        if not (_is_ours(target) and _is_whole(target)):
            _build(compiler, source, target)
        return ctypes.CDLL(str(target))
    except (OSError, RuntimeError, FileError, subprocess.SubprocessError):  # RuntimeError: a user without a home folder
        return None


def _absolute_path() -> str:
    """PATH without entries that are relative to the working folder, since nothing there may be run."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry)) or os.defpath


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/nnasim``, made for the user alone. Raises RuntimeError where no folder is the user's."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    folder = (Path(root) if os.path.isabs(root) else _home() / ".cache") / "nnasim"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(folder)
    return folder


def _home() -> Path:
    """The user's home folder; where HOME is empty or relative (the root, or in the working folder), that
    of the system's list of users.
    """
    if os.path.isabs(home := os.environ.get("HOME", "")):
        return Path(home)
    import pwd

    try:
        listed = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        listed = ""
    if not os.path.isabs(listed):
        raise RuntimeError("no home folder")
    return Path(listed)


def _is_ours(path: Path) -> bool:
    """Whether no other user can have written the file: what is loaded is run."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return not stat.S_ISLNK(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _is_whole(library: Path) -> bool:
    """Whether the library is what was built: half of one, as power loss leaves it, would end the process."""
    try:
        return _seal(library).read_text(encoding="ascii") == _seal_of(library.read_bytes())
    except (OSError, UnicodeDecodeError):
        return False


def _seal(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _seal_of(code: bytes) -> str:
    return f"{len(code)} {hashlib.sha256(code).hexdigest()}"


def _digest(code: bytes, compiler: str) -> str:
    """Names what -march=native depends on, so that machines may share a home folder."""
    machine = "\n".join((platform.machine(), platform.system(), *_processor()))
    text = code + "\n".join((compiler, *FLAGS, machine)).encode()
    return hashlib.sha256(text).hexdigest()[:16]


def _processor() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return [platform.processor()]
    return sorted({line for line in lines if line.startswith(("flags", "model name", "Features"))})


def _build(compiler: str, source: Path, target: Path) -> None:
    """Compile beside the target and rename: another process sees a whole library or none."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        library = Path(folder) / "made.so"
        subprocess.run(
            [compiler, *FLAGS, "-o", str(library), str(source), "-lm"],
            check=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip
        library.chmod(0o700)
        with library.open("rb") as made:
            os.fsync(made.fileno())
        files.write_bytes(_seal(target), _seal_of(library.read_bytes()).encode(), force=True)
        library.replace(target)
