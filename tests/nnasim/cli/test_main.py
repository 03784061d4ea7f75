"""The command's skeleton: lazy, one line for what a user got wrong, exit codes that shells understand."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nnasim.cli
from nnasim.cli.main import LONGEST_LINE, main
from nnasim.cli.table import COMMANDS, Command

HEAVY = ("torch", "simpy", "matplotlib", "pandas", "scipy", "numpy", "pydantic", "rich")


def _run(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-c", code] if code else [sys.executable, "-m", "nnasim.cli.main"]
    return subprocess.run([*start, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    loaded = "import sys; from nnasim.cli.main import main; main(['--help']); print(sorted(sys.modules))"
    done = _run(code=loaded)
    overview, _, modules = done.stdout.rpartition("\n[")
    assert all(f"  {name} " in overview for name in COMMANDS)
    assert not [name for name in HEAVY if f"'{name}'" in modules]


def test_python_m_nnasim_is_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "nnasim", "--version"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"nnasim {nnasim.__version__}\n", 0)
    wrong = subprocess.run([sys.executable, "-m", "nnasim", "presests"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("nnasim: no command 'presests'")


def test_every_command_that_stands_is_in_the_table() -> None:
    """A module of `nnasim/cli` that defines `command`, or a folder's `app`, is a command; the table must name it."""
    folder = Path(nnasim.cli.__file__).parent
    is_command = re.compile(r"^(def command\(|app = )", re.MULTILINE)
    modules = {f"nnasim.cli.{path.stem}": path for path in folder.glob("*.py")}
    modules |= {f"nnasim.cli.{path.parent.name}": path for path in folder.glob("*/__init__.py")}
    standing = {name for name, path in modules.items() if is_command.search(path.read_text())}
    assert standing == {command.module for command in COMMANDS.values()}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"nnasim {name}" in text
    assert "xample" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["presests"], "no command 'presests': did you mean 'presets'?"),
        (["--verbos"], "no option '--verbos'"),
        (["presets", "--nope"], "No such option: --nope"),
        (["presets", "edge25"], "'edge25': known are edge256"),
        (["presets", "edge256", "--set", "sram.bite=1"], "sram.bite"),
        (["presets", "edge256", "--set", "clock_hz=-5"], "clock_hz = -5"),
        (["simulate"], "Missing argument"),
        (["simulate", "nowhere.json", "--out", "never.json"], "nowhere.json: cannot be read"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("nnasim: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], int]:
    """Runs a command that fails with what is raised; returns the exit code."""

    def run(name: str, raised: str) -> int:
        (tmp_path / f"{name}.py").write_text(f"def command():\n    raise {raised}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        return main([name], {name: Command(name, "")})

    return run


def test_a_missing_extra_is_named(failing, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing("needs_torch", """ModuleNotFoundError("No module named 'torch'", name="torch")""") == 2
    assert capsys.readouterr().err == "nnasim: this needs 'torch': pip install 'nnasim[train]'\n"


def test_an_interrupt_ends_quietly_with_130(failing, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing("is_interrupted", "KeyboardInterrupt") == 130
    assert capsys.readouterr().err == "nnasim: interrupted\n"


def test_a_full_disk_is_one_line(failing, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing("fills_the_disk", 'OSError(28, "No space left on device", "demo/summary.json")') == 2
    assert capsys.readouterr().err == "nnasim: demo/summary.json: the disk is full\n"


@pytest.mark.parametrize(
    ("name", "number", "line"),
    [
        ("forks", "EAGAIN", "no process or thread more can be started (x); see ulimit -u"),
        ("opens", "EMFILE", "this process has as many files open as it may; see ulimit -n"),
        ("grows", "EFBIG", "it would be larger than a file may be; see ulimit -f"),
    ],
)
def test_a_limit_of_the_process_is_named(
    name: str, number: str, line: str, failing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(name, f'OSError(__import__("errno").{number}, "x")') == 2
    assert capsys.readouterr().err == f"nnasim: {line}\n"


def test_a_reader_that_leaves_early_causes_no_complaint() -> None:
    """`nnasim presets edge256 | true`: the pipe is closed before the first line is written."""
    command = f"{sys.executable} -m nnasim.cli.main presets edge256 | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_line_that_quotes_a_whole_file_is_cut_in_the_middle(failing, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing("quotes_a_file", 'OSError(5, "first" + 9000 * "x" + "last", "summary.json")') == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nnasim: summary.json: firstxx")
    assert line.endswith("xxlast")
    assert len(line) == len("nnasim: ") + LONGEST_LINE


def test_a_defect_is_one_line_that_names_its_report_and_exit_code_70(
    failing, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failing("has_a_defect", 'ValueError("no scheme in tcp://me:secret@host")') == 70
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    (report,) = tmp_path.glob("nnasim-defect-*.txt")
    assert str(report) in line
    assert "has_a_defect" in report.read_text()
    assert "Traceback" in report.read_text()
    assert "secret" not in line + report.read_text()


def test_a_defect_is_told_where_no_report_can_be_written(
    failing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")
    assert failing("has_no_folder", 'RuntimeError("two\\nlines")') == 70
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "raised"),
    [("fills_memory", "MemoryError"), ("fills_torch", 'RuntimeError("DefaultCPUAllocator: can\'t allocate memory")')],
)
def test_memory_that_runs_out_is_no_defect(name: str, raised: str, failing, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(name, raised) == 2
    assert "memory" in capsys.readouterr().err


def _in_shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line.replace("nnasim", f"{sys.executable} -m nnasim")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("nnasim presets >&-", 0, ""),
        ("nnasim presets <&- >&- 2>&-", 0, ""),
        ("nnasim presets edge25 2>&-", 2, ""),
        ("nnasim presets >/dev/full", 2, "nnasim: standard output: the disk is full\n"),
        ("nnasim presets 2>/dev/full >/dev/null", 0, ""),
        ("nnasim presets edge25 2>/dev/full", 2, ""),
    ],
)
def test_streams_that_are_closed_or_full_end_in_a_line_at_most(line: str, code: int, message: str) -> None:
    done = _in_shell(line)
    assert (done.returncode, done.stderr, done.stdout) == (code, message, "")


def test_workers_of_a_command_whose_streams_are_closed_have_their_own() -> None:
    start = "import subprocess, sys; from nnasim.cli.streams import prepare_streams; prepare_streams()"
    child = "import os; [os.fstat(number) for number in range(3)]"
    worker = f"sys.exit(subprocess.run([sys.executable, '-c', '{child}'], close_fds=False).returncode)"
    done = subprocess.run(["bash", "-c", f'"{sys.executable}" -c "{start}; {worker}" <&- >&- 2>&-'], check=False)
    assert done.returncode == 0


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (folder := tmp_path / "gone").mkdir()
    done = subprocess.run(
        ["bash", "-c", f"rmdir {folder}; {sys.executable} -m nnasim trace --shape rnnt-mlperf --out t.json"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "nnasim: the working folder is gone: change to another\n")
