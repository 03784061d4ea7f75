"""What a command takes from the environment is used or refused, in one line; nothing there leads it elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnasim.cli.environment import settled
from nnasim.cli.main import main
from nnasim.cli.table import Command
from tests.attack import attack, refused


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("NNASIM_COMPILED", "maybe", "must be 0 or 1"),
        ("NNASIM_COMPILED", "00", "must be 0 or 1"),
        ("NNASIM_INT8", "off", "must be 0 or 1"),
        ("OMP_NUM_THREADS", "abc", "must be a whole number of threads above 0"),
        ("OMP_NUM_THREADS", "0", "must be a whole number of threads above 0"),
        ("OMP_NUM_THREADS", "-1", "must be a whole number of threads above 0"),
        ("OMP_NUM_THREADS", "9" * 20, "must be a whole number of threads above 0"),
        ("NNASIM_RANK_WAIT", "soon", "must be a whole number of seconds from 1 to 86,400"),
        ("MKL_NUM_THREADS", "1.5", "must be a whole number of threads above 0"),
        ("OPENBLAS_NUM_THREADS", "1,", "must be a whole number of threads above 0"),
        *(("GOMP_CPU_AFFINITY", value, "must be numbers of CPUs, as 0 3 1-2 4-15:2") for value in ("abc", "0;1", "0-")),
        *(
            (
                name,
                value,
                "must be entries NAME:VALUE with commas between them, as torch has them: max_split_size_mb:512",
            )
            for name in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
            for value in ("abc", ",,", "a:", "a:b:c", "roundup_power2_divisions:[256:1")
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert refused("presets") == f"nnasim: the environment: {name} = {value!r}: {allowed}"
    assert attack("--version").code == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NNASIM_COMPILED", ""),
        ("NNASIM_INT8", "0"),
        ("OMP_NUM_THREADS", " 4, 2 "),
        ("MKL_NUM_THREADS", ""),
        ("GOMP_CPU_AFFINITY", "0 3 1-2, 4-15:2"),
        ("PYTORCH_ALLOC_CONF", "roundup_power2_divisions:[256:1,512:2,>:8], max_split_size_mb : 512,"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),
    ],
)
def test_a_setting_that_can_be_used_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert attack("presets").code == 0


LIBRARY = "import os\nNAME = 'KILN_HEAT'\nraise ValueError(f'no heat {os.environ[NAME]!r}, only 1 to 9')\n"


@pytest.fixture
def complaint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """The line of a command that imports a library of this code."""

    def complaint(code: str) -> str:
        (tmp_path / "kiln.py").write_text(code)
        (tmp_path / "fires.py").write_text("def command():\n    import kiln\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        for name in ("kiln", "fires"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        main(["fires"], {"fires": Command("fires", "")})
        return capsys.readouterr().err

    return complaint


def test_what_a_library_refuses_is_told_by_its_variable(
    complaint: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_HEAT", "hot")
    line = complaint(LIBRARY)
    assert line.startswith("nnasim: the environment: KILN_HEAT = 'hot': kiln cannot use it: ValueError: ")
    assert line.count("\n") == 1
    assert "KILN_HEAT" in complaint(LIBRARY.replace("NAME]!r}", "NAME].upper()!r}"))


def test_what_a_library_refuses_by_the_name_of_its_variable_is_too(
    complaint: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_HEAT", "+")
    line = complaint("raise ValueError('no such heat; KILN_HEAT=help tells of all')\n")
    assert line.startswith("nnasim: the environment: KILN_HEAT = '+': kiln cannot use it: ValueError: 'no such heat")


@pytest.mark.parametrize("code", [LIBRARY.replace("{os.environ[NAME]!r}", "here"), "raise ValueError('11')\n"])
def test_another_error_of_a_library_is_not(
    code: str, complaint: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_HEAT", "11")
    assert "KILN_HEAT" not in complaint(code)


def test_a_shell_that_asks_for_completions_gets_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = attack("presets").printed
    monkeypatch.setenv("_NNASIM_COMPLETE", "bash_source")
    assert attack("presets").printed == printed


@pytest.mark.parametrize("home", ["", "here", "./here"])
def test_a_home_in_the_working_folder_is_none(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    with settled():
        assert "HOME" not in os.environ
    assert os.environ["HOME"] == home


@pytest.mark.parametrize(("count", "level"), [("1", None), ("2", "FATAL")])
def test_of_several_ranks_torch_prints_no_stack_beside_our_line(
    count: str, level: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", count)
    monkeypatch.delenv("TORCH_CPP_LOG_LEVEL", raising=False)
    with settled():
        assert os.environ.get("TORCH_CPP_LOG_LEVEL") == level


def test_a_setting_of_matplotlib_in_the_working_folder_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATPLOTLIBRC", raising=False)
    monkeypatch.setenv("HOME", "/home/anna")
    with settled():
        assert (os.environ["MATPLOTLIBRC"], os.environ["HOME"]) == (os.devnull, "/home/anna")
    assert "MATPLOTLIBRC" not in os.environ
