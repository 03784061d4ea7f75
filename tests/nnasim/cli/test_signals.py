"""Signals that end a command: one line, an exit code that shells understand, and nothing half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nnasim.cli.main import main
from nnasim.cli.ranks import end_in_order
from nnasim.cli.table import Command

ROOT = str(Path(__file__).parents[3])
# A command that is amid a folder when it gets the signal.
PROGRAM = """
import os, signal, sys
from types import ModuleType
from nnasim import files
from nnasim.cli import main, signals
from nnasim.cli.table import Command

def command():
    with files.new_folder("out") as folder:
        (folder / "half").write_text("x")
        %s

sys.modules["slow"] = ModuleType("slow")
sys.modules["slow"].command = command
sys.exit(main.main(["slow"], {"slow": Command("slow", "")}))
"""
TERM = "os.kill(os.getpid(), signal.SIGTERM)"


def ended(folder: Path, work: str, first: str = "") -> subprocess.CompletedProcess[str]:
    """How a process ended whose command does ``work``; ``first``: what it does before it begins."""
    return subprocess.run(
        [sys.executable, "-c", first + PROGRAM % work],
        cwd=folder, env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_is_one_line_and_leaves_nothing_half_written(name: str, tmp_path: Path) -> None:
    number = getattr(signal, name)
    handler = "default_int_handler" if name == "SIGINT" else "SIG_DFL"
    heard = f"import signal; signal.signal({number}, signal.{handler})\n"  # what nohup starts may ignore it
    done = ended(tmp_path, f"os.kill(os.getpid(), {number})", heard)
    why = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert (done.returncode, done.stderr, done.stdout) == (128 + number, f"nnasim: {why}\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_hang_up_that_nohup_ignores_does_not_end_the_work(tmp_path: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = ended(tmp_path, "os.kill(os.getpid(), signal.SIGHUP)", ignored)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "half").exists()


def test_a_signal_that_timeout_sends_twice_is_one(tmp_path: Path) -> None:
    twice = f"try: {TERM}\n        finally: {TERM}"
    assert ended(tmp_path, twice).stderr == "nnasim: ended by SIGTERM\n"


@pytest.mark.parametrize("how", ["model_dump", "model_dump_json"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_one_that_comes_while_a_record_is_written_is_no_defect_of_ours(name: str, how: str, tmp_path: Path) -> None:
    value = f"pydantic.PlainSerializer(lambda _: os.kill(os.getpid(), signal.{name}))"
    work = f"import pydantic, typing; pydantic.RootModel[typing.Annotated[int, {value}]](1).{how}()"
    done = ended(tmp_path, work, "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n")
    why = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert (done.returncode, done.stderr) == (128 + getattr(signal, name), f"nnasim: {why}\n")
    assert list(tmp_path.iterdir()) == []


def test_one_that_comes_while_a_store_is_read_is_no_fault_of_the_store(tmp_path: Path) -> None:
    work = f"""from nnasim.sweeps.store import Store
        with Store("s.sqlite") as store:
            store.database._leads_in_a_circle = lambda: {TERM}
            store.database._connection.set_progress_handler(store.database._leads_in_a_circle, 1)
            store.count("ok")"""
    done = ended(tmp_path, work)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "nnasim: ended by SIGTERM\n")


def test_one_that_a_library_swallows_ends_the_process_the_second_time(tmp_path: Path) -> None:
    twice = f"signals.ONCE_S = -1\n        try: {TERM}\n        except BaseException: pass\n        {TERM}"
    assert ended(tmp_path, twice).returncode == -signal.SIGTERM


def test_a_forked_worker_ends_as_the_system_has_it(tmp_path: Path) -> None:
    fork = f"pid = os.fork()\n        if pid == 0: {TERM}\n        assert os.waitpid(pid, 0)[1] == signal.SIGTERM"
    assert ended(tmp_path, fork).returncode == 0


def test_who_calls_the_command_from_python_has_its_own_handlers_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert main(["--version"], {"x": Command("x", "")}) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_rank_has_a_handler_of_its_own_which_serves_until_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its launcher ends it at any moment once another rank has ended, also while it ends by itself."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def command() -> None:
        seen.append(signal.getsignal(signal.SIGTERM))
        end_in_order()
        seen.append(signal.getsignal(signal.SIGTERM))

    module = ModuleType("slow")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slow", module)
    try:
        assert main(["slow"], {"slow": Command("slow", "")}) == 0
        assert seen[0] is before
        assert signal.getsignal(signal.SIGTERM) is seen[1] is not before
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ctrl_c_while_modules_are_loaded_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nclass Interrupting:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'nnasim.cli.streams': raise KeyboardInterrupt\nsys.meta_path.insert(0, Interrupting())\n"
    )
    paths = os.pathsep.join([str(tmp_path), ROOT])
    done = subprocess.run(
        [sys.executable, "-m", "nnasim", "presets"],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "nnasim: interrupted\n")
