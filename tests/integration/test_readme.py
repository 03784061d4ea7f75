"""The README promises nothing that does not run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nnasim
from nnasim.cli.main import main
from nnasim.cli.table import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FENCED = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
BLOCKS = "\n".join(text for language, text in FENCED if not language)
PYTHON = [text for language, text in FENCED if language == "python"]


def test_commands_of_the_readme_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line for line in BLOCKS.splitlines() if line.startswith("nnasim ")]
    assert len(commands) >= 3
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command


def test_every_command_is_in_the_readme_and_no_other() -> None:
    mentioned = set(re.findall(r"nnasim ([a-z-]+)", README)) - {"answers", "simulates"}
    assert mentioned == set(COMMANDS)


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", BLOCKS, flags=re.MULTILINE)) <= targets


def test_options_that_the_readme_names_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        if name == "data":
            continue
        main([name, "--help"])
        options = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
        used = re.findall(rf"nnasim {name} ([^\n`]*)", README)
        assert set(re.findall(r"--[a-z][a-z-]*", " ".join(used))) <= options, name


def test_the_python_of_the_readme_runs_and_shows_what_it_says() -> None:
    output = README.partition(PYTHON[0])[2].split("```")[2].strip()
    script = f"{PYTHON[0]}\nprint(result)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == output


def test_the_verbs_of_the_readme_are_those_of_the_front_door() -> None:
    used = set(re.findall(r"nnasim\.([a-z_]+)\(", "".join(PYTHON)))
    assert used <= set(dir(nnasim))
    assert {"preset", "trace", "simulate", "compare", "compare_chips", "sweep", "recogniser", "train"} <= used
