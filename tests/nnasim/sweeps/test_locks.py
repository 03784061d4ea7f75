"""A machine whose /dev/shm is not there for us, as in some containers: one process computes, several are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.sweeps.locks import why_no_locks

UNWRITABLE = {  # tmpfs takes these, and holds no lock
    "read-only": ("-o ro", "the file system is read-only"),
    "full": ("-o nr_inodes=1", "the disk is full"),
}
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command where /dev/shm is another file system: (exit code, stderr)."""

    def run(options: str, *words: object) -> tuple[int, str]:
        mount = f"mount --make-rprivate / && mount -t tmpfs {options} shm /dev/shm"
        own = ["unshare", "--mount", "sh", "-c", f'{mount} || exit 99; exec "$@"', "sh"]
        try:
            done = subprocess.run([*own, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)
        except OSError as error:
            pytest.skip(f"no name space of mounts can be made here ({error})")
        if done.returncode == 99 or "unshare" in done.stderr:
            pytest.skip(f"no file system can be mounted here ({done.stderr.strip()})")
        return done.returncode, done.stderr

    return run


def test_here_locks_can_be_shared() -> None:
    assert why_no_locks() is None


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_several_processes_are_refused_and_one_computes(kind: str, run: Run, write_study, tmp_path: Path) -> None:
    options, why = UNWRITABLE[kind]
    sweep = (sys.executable, "-m", "nnasim", "sweep", write_study(), "--store", tmp_path / "s.sqlite")
    line = f"nnasim: /dev/shm: cannot be written ({why}), and processes that work side by side keep their locks there; "
    assert run(options, *sweep, "--jobs", 2) == (2, f"{line}one alone needs none\n")
    assert run(options, *sweep) == (0, "")


def test_a_dask_cluster_on_a_machine_without_locks_is_refused(run: Run, write_study, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the sweep extra is not installed")
    sweep = (sys.executable, "-m", "nnasim", "sweep", write_study(), "--store", tmp_path / "s.sqlite")
    code, complaint = run("-o ro", *sweep, "--dask-local", 1)
    assert code == 2
    assert complaint.startswith("nnasim: /dev/shm: cannot be written (the file system is read-only), and processes ")
    assert complaint.count("\n") == 1
