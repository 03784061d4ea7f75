"""The README promises nothing that does not run."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import nnasim

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FENCED = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
BLOCKS = "\n".join(text for language, text in FENCED if not language)
PYTHON = [text for language, text in FENCED if language == "python"]


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", BLOCKS, flags=re.MULTILINE)) <= targets


def test_the_python_of_the_readme_runs_and_shows_what_it_says() -> None:
    output = README.partition(PYTHON[0])[2].split("```")[2].strip()
    script = f"{PYTHON[0]}\nprint(result)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == output


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """All of it, on all bundled speech: a visitor compares it with their own screen."""
    pytest.importorskip("torchaudio")
    (command,) = re.findall(r"nnasim (compare --out) \$\(DEMO\)", (ROOT / "Makefile").read_text())
    words = [sys.executable, "-m", "nnasim", *command.split(), "demo"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, cwd=tmp_path, env={**os.environ, "COLUMNS": "80"}
    )
    shown = README.partition("`make demo` prints this")[2].partition("\n\n")[2].partition("\n\n")[0]
    assert done.stdout.splitlines() == textwrap.dedent(shown).splitlines()


def test_the_verbs_of_the_readme_are_those_of_the_front_door() -> None:
    used = set(re.findall(r"nnasim\.([a-z_]+)\(", README))
    assert used <= set(dir(nnasim))
    assert {"preset", "trace", "simulate", "compare", "compare_chips", "sweep"} <= used
