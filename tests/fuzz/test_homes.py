"""A user without a home folder, or whom the system does not list: every command works, plain PyTorch at worst, and none
says anything of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("soundfile")

from tests.attack import NOTES
from tests.fuzz.commands import SPOKEN

ROOT = Path(__file__).parents[2]
NOBODY = 54321  # a number that no list of users holds
DROPPED = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
READING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # where Python lies in root's own folder
LINES = (
    "presets edge256",
    "simulate small.json --out OUT/result.json",
    "explain result.json --figures OUT/figures",
    f"evaluate {SPOKEN} --system naive --json OUT/words.json",
    "train --recipe tiny --train shards --dev manifest.jsonl --steps 1 --workers 0 --out OUT/run",
)
# In one process, which loads torch once.
PROGRAM = """
import sys
from nnasim.cli.main import main
sys.exit(max(main(line.split()) for line in sys.argv[1:]))
"""


@cache
def nobody() -> Sequence[str]:
    """The words before a command that make its user one whom the system does not list."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be another user, by setpriv")
    for prefix in (DROPPED, (*DROPPED, *READING)):
        call = [*prefix, sys.executable, "-c", "import torch"]
        if subprocess.run(call, capture_output=True, check=False, cwd=ROOT).returncode == 0:
            return prefix
    pytest.skip("such a user may not read this Python")


def without_home(**given: str) -> dict[str, str]:
    """The environment of this process with ``given`` in place of all that names a folder for caches."""
    names = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **given}


def works(prefix: Sequence[str], environment: Mapping[str, str], seeds: Path, out: Path) -> None:
    """Assert that all of ``LINES`` do, and write nothing but what they name."""
    out.mkdir()
    out.chmod(0o777)
    for folder in (seeds, *out.parents[:3]):  # pytest keeps them for this user alone
        folder.chmod(0o755)
    before = sorted(os.listdir(seeds)), sorted(os.listdir("/"))
    lines = [line.replace("OUT", str(out)) for line in LINES]
    call = [*prefix, sys.executable, "-c", PROGRAM, *lines]
    done = subprocess.run(call, cwd=seeds, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if not line.startswith(NOTES)]) == (0, []), (
        done.stderr
    )
    assert (sorted(os.listdir(seeds)), sorted(os.listdir("/"))) == before
    assert sorted(os.listdir(out)) == ["figures", "result.json", "run", "words.json"]


def test_a_home_that_is_empty(seeds: Path, tmp_path: Path) -> None:
    works((), without_home(HOME="", MPLCONFIGDIR=str(tmp_path)), seeds, tmp_path / "out")


def test_a_user_whom_the_system_does_not_list(seeds: Path, tmp_path: Path) -> None:
    works(nobody(), without_home(), seeds, tmp_path / "out")


def test_a_home_that_cannot_be_written(seeds: Path, tmp_path: Path) -> None:
    (home := tmp_path / "home").mkdir(mode=0o555)
    works(nobody(), without_home(HOME=str(home)), seeds, tmp_path / "out")
    assert list(home.iterdir()) == []
