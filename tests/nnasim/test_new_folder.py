"""A folder is replaced only where all that it holds is ours."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nnasim import files
from nnasim.errors import FileError
from nnasim.exchange import exchange
from tests.fuzz.mounts import mounted


def write(path: Path) -> None:
    with files.new_folder(path, force=True) as inside:
        (inside / "summary.json").write_text("{}")


def test_what_we_made_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / "summary.json").write_text("old")
    write(tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_what_an_earlier_run_made_under_other_names_is_replaced_too(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "out") as inside:
        (inside / "digits.csv").write_text("")
    write(tmp_path / "out")
    assert not (tmp_path / "out" / "digits.csv").exists()


def test_the_name_holds_the_old_folder_or_the_new_one_at_every_instant(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    if not exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this system, or its file system, cannot exchange two names")
    write(tmp_path / "out")
    stop, missing = threading.Event(), []

    def watch() -> None:
        while not stop.is_set():
            missing.extend([] if (tmp_path / "out" / "summary.json").exists() else ["out"])

    watching = threading.Thread(target=watch)
    watching.start()
    for _ in range(100):
        write(tmp_path / "out")
    stop.set()
    watching.join()
    assert not missing


@pytest.mark.parametrize("code", [None, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM])
def test_a_system_that_cannot_exchange_sets_the_old_one_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    """A kernel or C library without the call, a file system such as NFS, a sandbox."""
    monkeypatch.setattr("nnasim.exchange._call", lambda one, other: code)
    test_what_we_made_is_replaced(tmp_path)
    test_a_link_to_a_folder_of_ours_is_replaced_and_what_it_leads_to_stays(tmp_path / "linked")


class WithoutCalls:
    """A C library that has neither renameat2 nor renamex_np, such as an old glibc or musl."""


def no_library(*_: object, **__: object) -> object:
    raise TypeError("LoadLibrary() argument 1 must be str, not None")  # ctypes.CDLL(None) on Windows


@pytest.mark.parametrize("library", [lambda *_, **__: WithoutCalls(), no_library], ids=["old", "Windows"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_c_library_without_the_call_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: object, platform: str
) -> None:
    monkeypatch.setattr("nnasim.exchange.ctypes.CDLL", library)
    monkeypatch.setattr("nnasim.exchange.sys.platform", platform)
    for name in ("one", "other"):
        (tmp_path / name).write_text(name)
    assert not exchange(tmp_path / "one", tmp_path / "other")
    assert [(tmp_path / name).read_text() for name in ("one", "other")] == ["one", "other"]


def test_no_other_error_is_taken_for_a_system_that_cannot(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "other")


def test_a_link_to_a_folder_of_ours_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    write(tmp_path / "kept")
    (tmp_path / "out").symlink_to(tmp_path / "kept")
    write(tmp_path / "out")
    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "kept" / "summary.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "out"]


def test_a_folder_without_our_mark_is_kept_though_its_names_are_those_that_we_give(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("mine")
    with pytest.raises(FileError, match=r"not a folder that nnasim made: it holds 'summary\.json'"):
        write(tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").read_text() == "mine"


@pytest.mark.parametrize("mark", ["", "[]", '{"kind": "nnasim.folder", "names": "thesis.tex"}', '{"names": ["a"]}'])
def test_a_mark_that_is_none_marks_nothing(tmp_path: Path, mark: str) -> None:
    (tmp_path / "thesis.tex").write_text("three years")
    (tmp_path / files.MARK).write_text(mark)
    with pytest.raises(FileError, match="nnasim did not write"):
        files.refuse_foreign(tmp_path)


def test_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out")
    assert (tmp_path / "out" / "summary.json").exists()


def test_an_old_folder_may_be_kept_until_other_files_have_been_replaced_too(tmp_path: Path) -> None:
    write(tmp_path / "out")
    with contextlib.ExitStack() as last, files.new_folder(tmp_path / "out", force=True, last=last) as inside:
        (inside / "new").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with contextlib.ExitStack() as last:
        with files.new_folder(tmp_path / "out", force=True, last=last) as inside:
            (inside / "newer").touch()
        (old,) = (path for path in tmp_path.iterdir() if path.name != "out")
        assert (old / "new").exists()
        assert (tmp_path / "out" / "newer").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_mounted_file_system_is_told_before_the_work(tmp_path: Path) -> None:
    with mounted(tmp_path / "out", "64k"), pytest.raises(FileError, match="has a file system mounted on it"):
        files.refuse_existing(tmp_path / "out", force=True)


def test_anything_else_in_it_keeps_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("three years")
    (tmp_path / "home" / "summary.json").write_text("old")
    with pytest.raises(
        FileError,
        match=r"home: is not a folder that nnasim made: it holds 'summary",
    ):
        write(tmp_path / "home")
    assert (tmp_path / "home" / "thesis.tex").read_text() == "three years"
    assert (tmp_path / "home" / "summary.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_what_a_user_put_beside_ours_keeps_the_whole_folder(tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("kept")
    with pytest.raises(FileError, match=r"holds 'notes\.txt', which nnasim did not write"):
        write(tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text() == "kept"


def test_whether_it_can_be_written_is_asked_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file" / "out", tmp_path / "file" / "deeper" / "out"):
        with pytest.raises(FileError, match="is not a folder"):
            files.refuse_existing(target)
    assert files.refuse_existing(tmp_path / "new" / "deeper" / "out")
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # as on a read-only file system, for root too
    with pytest.raises(FileError, match="files cannot be created in"):
        files.refuse_existing(tmp_path / "new" / "deeper" / "out")


def test_a_disk_that_fills_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "page.html")
    said = "out: cannot be written \\(the disk is full"
    with pytest.raises(FileError, match=said), files.new_folder(tmp_path / "out"):
        raise full
    assert list(tmp_path.iterdir()) == []


def test_no_folder_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(FileError, match="is not a folder"):
        write(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "kept"


def killed_while_writing(target: Path, what: str) -> Path:
    """What a process leaves that is killed in the midst of writing ``target``."""
    before = set(target.parent.iterdir())
    if (pid := os.fork()) == 0:
        with getattr(files, what)(target):
            if what == "new_folder":
                next(path for path in target.parent.iterdir() if path not in before).joinpath("half").write_text("x")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (left,) = set(target.parent.iterdir()) - before
    return left


@pytest.mark.parametrize("what", ["new_file", "new_folder"])
def test_what_a_killed_run_left_is_removed_by_the_next_that_writes_there(tmp_path: Path, what: str) -> None:
    left = killed_while_writing(tmp_path / "out", what)
    with getattr(files, what)(tmp_path / "other"):
        assert left.exists()  # it is of another name
    with getattr(files, what)(tmp_path / "out"):
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


@pytest.mark.parametrize("what", ["new_file", "new_folder"])
def test_what_another_run_is_writing_stays(tmp_path: Path, what: str) -> None:
    with getattr(files, what)(tmp_path / "out"):
        with getattr(files, what)(tmp_path / "out"):
            assert len(list(tmp_path.iterdir())) == 2
        assert len(list(tmp_path.iterdir())) == 2
        (tmp_path / "out").rename(tmp_path / "second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "second"]


def test_a_folder_that_a_user_gave_such_a_name_stays(tmp_path: Path) -> None:
    (theirs := tmp_path / "out.partial-abcdefgh").mkdir()
    (theirs / "thesis.txt").write_text("precious")
    with files.new_folder(tmp_path / "out"):
        pass
    assert (theirs / "thesis.txt").read_text() == "precious"


def test_an_old_folder_whose_place_a_new_one_has_taken_is_removed(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("old")
    (tmp_path / "out").rename(tmp_path / "out.partial-abcdefgh")  # as a kill leaves it that comes before its removal
    with files.new_folder(tmp_path / "out"):
        assert not (tmp_path / "out.partial-abcdefgh").exists()


@pytest.mark.parametrize("what", ["new_file", "new_folder"])
@pytest.mark.parametrize("kind", ["pipe", "link", "socket"])
def test_force_replaces_no_pipe_device_or_socket(tmp_path: Path, kind: str, what: str) -> None:
    """Root that writes to a device, as to throw output away, must not take it from the whole machine."""
    path = tmp_path / "out"
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(tmp_path):
            listening.bind("out")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
    with pytest.raises(FileError, match="is a device, a pipe or a socket"), getattr(files, what)(path, force=True):
        pass
    assert path.is_symlink() or not path.is_file()


def test_nothing_of_dev_is_replaced() -> None:
    with pytest.raises(FileError, match="/dev/null: is a device, a pipe or a socket"):
        files.refuse_existing("/dev/null", True)


USED_UP = """
import contextlib, resource, sys
from pathlib import Path
from nnasim import files

held = []

def use_up(size):
    with contextlib.suppress(MemoryError):
        while True:
            held.append(bytearray(size))

with contextlib.suppress(MemoryError, files.FileError), getattr(files, sys.argv[2])(sys.argv[1]) as inside:
    if sys.argv[2] == "new_folder":
        for number in range(40):
            files.write_bytes(inside / str(number) / "figures" / "a.csv", b"1,2")
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken, resource.RLIM_INFINITY))
    for size in (100_000, 1_000, 1):
        use_up(size)
    raise MemoryError
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' own account of memory")
@pytest.mark.parametrize("writes", ["new_folder", "new_file"])
def test_where_memory_is_used_up_nothing_half_written_stays(tmp_path: Path, writes: str) -> None:
    done = subprocess.run([sys.executable, "-c", USED_UP, tmp_path / "out", writes], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_partial_folder_is_removed_where_no_more_files_can_be_opened(tmp_path: Path) -> None:
    """In a process of its own, which opens all that it may."""
    program = (
        "import os, resource\nfrom nnasim import files\nresource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
        "with files.new_folder('out') as folder:\n    (folder / 'within').mkdir()\n"
        "    (folder / 'within' / 'x').touch()\n    while True: os.open('.', os.O_RDONLY)\n"
    )
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=paths, capture_output=True, text=True)
    assert (
        "FileError: out: cannot be written (this process has as many files open as it may; see ulimit -n)"
        in done.stderr
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("letter", ["x", "\u4e2d", "\U0001f600"])
def test_the_longest_name_of_any_letters_is_written(letter: str, tmp_path: Path) -> None:
    longest = letter * (os.pathconf(tmp_path, "PC_NAME_MAX") // len(letter.encode()))
    files.write_bytes(tmp_path / "file" / longest, b"x")
    with files.new_folder(tmp_path / "folder" / longest):
        pass
    assert [*(tmp_path / "file").iterdir(), *(tmp_path / "folder").iterdir()] == [
        tmp_path / "file" / longest,
        tmp_path / "folder" / longest,
    ]


@pytest.mark.parametrize("place", ["{}", "new/{}", "new/{}/x"])
def test_a_name_that_is_too_long_is_refused_before_the_work(place: str, tmp_path: Path) -> None:
    target = tmp_path / place.format("x" * (os.pathconf(tmp_path, "PC_NAME_MAX") + 1))
    with pytest.raises(FileError, match=r"cannot be written \(a name has at most 255 bytes there, and this one 256\)"):
        files.refuse_existing(target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "..", "within/..", ""])
def test_a_folder_without_a_name_of_its_own_is_refused_before_the_work(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partial folder would lie in what it replaces."""
    (tmp_path / "above" / "within").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "above")
    for force in (True, False):
        with pytest.raises(FileError, match="give a new folder's name"):
            files.refuse_existing_folder(name, force)
        with pytest.raises(FileError, match="give a new folder's name"), files.new_folder(name, force=force):
            pass
    assert [path.name for path in (tmp_path / "above").iterdir()] == ["within"]


@pytest.mark.parametrize("more", range(12))
def test_however_few_files_may_be_open_nothing_half_written_stays(tmp_path: Path, more: int) -> None:
    resource = pytest.importorskip("resource", reason="this system has no such limit")
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(first := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (first + more, old[1]))
    try:
        with contextlib.suppress(FileError), files.new_folder(tmp_path / "out") as inside:
            (inside / "results").mkdir()
            files.write_bytes(inside / "results" / "aat.json", b"{}")
            with contextlib.ExitStack() as many:  # more than may be open
                for _ in range(12):
                    many.enter_context(files.open_regular(inside / "results" / "aat.json"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, old)
    assert list(tmp_path.iterdir()) == []
