"""The command line is on top: it alone knows options, and its files hold commands, each for itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLI = ROOT / "nnasim" / "cli"
BELOW = sorted(
    path
    for folder in ("nnasim", "reports", "workloads", "aat_training")
    for path in (ROOT / folder).rglob("*.py")
    if not path.is_relative_to(CLI)
)
# These make commands on purpose: to be shown beside the number that they give again, or to run other programs.
MAKE_COMMANDS = (
    "reports/gallery/",
    "nnasim/studies/repeat.py",
    "nnasim/sweeps/settings.py",
    "nnasim/studies/training/commands.py",
    "nnasim/studies/speed/peers/",
    "reports/explained_words.py",
    "reports/set_line.py",
)
OPTION = re.compile(r"(^|[\s`'(])--[a-z]")
MOST_LINES = 80
LONGER = {
    "nnasim/cli/environment.py": "which variables are refused, set for a while, and told by name",
    "nnasim/cli/diff.py": "what is run, and how a difference is told",
    "nnasim/cli/data/strings.py": "sixteen options, and the range of each",
    "nnasim/cli/chip_tables.py": "each table of `presets`, in the same few words",
    "nnasim/cli/options.py": "the options that several commands share",
    "nnasim/cli/told.py": "every way in which a command prints, and how each is cut",
    "nnasim/cli/compare.py": "three stages whose imports are each heavier than the one before",
    "nnasim/cli/compare_chips.py": "twelve options, four things to compare, each with imports of its own",
    "nnasim/cli/compare_results.py": "what is compared, what is a gate, and what is said of either",
    "nnasim/cli/evaluate.py": "thirteen options",
    "nnasim/cli/explain.py": "fourteen options, a trace or a result, and what may be decoded for it",
    "nnasim/cli/fit.py": "eight options, and imports that wait until the table was read",
    "nnasim/cli/import_.py": "twenty-eight options",
    "nnasim/cli/main.py": "the way in: exit codes, and what becomes one line",
    "nnasim/cli/simulate.py": "fourteen options, and imports that follow what they bring",
    "nnasim/cli/study/aat.py": "thirteen options",
    "nnasim/cli/study/delays.py": "eighteen options",
    "nnasim/cli/study/numerics.py": "seventeen options",
    "nnasim/cli/trace.py": "three sources of a trace, and which option belongs to which",
    "nnasim/cli/train.py": "twenty-six options, and the run that they ask for",
    "nnasim/cli/training_options.py": "ten options and their ranges",
}


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Strings of code; not those that only explain it."""
    explaining = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node


def test_no_code_below_the_command_line_knows_an_option() -> None:
    mentions = [
        f"{path.relative_to(ROOT)}:{text.lineno}: {text.value!r}"
        for path in BELOW
        if not str(path.relative_to(ROOT)).startswith(MAKE_COMMANDS)
        for text in texts(ast.parse(path.read_text()))
        if OPTION.search(str(text.value))
    ]
    assert mentions == []


def is_command(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "command" for node in ast.parse(path.read_text()).body
    )


@pytest.mark.parametrize("path", sorted(filter(is_command, CLI.rglob("*.py"))), ids=lambda path: path.stem)
def test_no_command_imports_another(path: Path) -> None:
    commands = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in CLI.rglob("*.py") if is_command(file)
    }
    imported = {
        node.module
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert imported & commands == set()


def test_a_file_of_the_command_line_is_short_or_has_a_reason() -> None:
    long = {
        str(path.relative_to(ROOT)) for path in CLI.rglob("*.py") if len(path.read_text().splitlines()) > MOST_LINES
    }
    assert long == set(LONGER)
