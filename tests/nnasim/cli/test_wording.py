"""What the library calls a setting, the command line calls an option."""

import ast
import re
from pathlib import Path

import pytest

from nnasim.cli.wording import as_options

ROOT = Path(__file__).parents[3]
BELOW = [
    path
    for package in ("nnasim", "aat_training", "reports", "workloads")
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.is_relative_to(ROOT / "nnasim" / "cli")
]
# These build command lines to show them: how to repeat a point of a sweep, how a model was trained, how a peer is run.
SHOW_COMMANDS = {
    "nnasim/studies/repeat.py",
    "nnasim/studies/training/commands.py",
    "nnasim/studies/training/runs.py",
}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a: exists already; use `force` to replace it", "a: exists already; use --force to replace it"),
        ("give it `numerics.weight_bits=4` `numerics.rounding=single`",
         "give it --set numerics.weight_bits=4 --set numerics.rounding=single"),
        ("with `preset=edge512`; column `fallback` has them", "with --preset edge512; column `fallback` has them"),
    ],
)  # fmt: skip
def test_settings_in_backquotes_become_options_and_nothing_else_does(said: str, shown: str) -> None:
    assert as_options(said) == shown


def spoken(path: Path) -> list[str]:
    """The texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in texts if id(node) not in docs]


def test_no_message_of_the_library_speaks_of_an_option() -> None:
    named = {
        str(path.relative_to(ROOT))
        for path in BELOW
        if "peers" not in path.parts and any(re.search(r"(^|[ `(])--[a-z]", text) for text in spoken(path))
    }
    assert named <= SHOW_COMMANDS
