"""What needs an extra is skipped where it is not installed, before the import that would fail."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
OF_EXTRAS = {"torch", "torchaudio", "aat_training", "soundfile", "jiwer", "optuna", "distributed", "psutil", "perfetto"}


def _roots(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def _asks(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and "importorskip" in ast.unparse(node)


def imports_unasked(source: str) -> bool:
    """Whether a module of an extra is imported at the top before `pytest.importorskip` was called."""
    for node in ast.parse(source).body:
        if _asks(node):
            return False
        if _roots(node) & OF_EXTRAS:
            return True
    return False


def test_the_rule_catches() -> None:
    assert imports_unasked("import pytest\nfrom aat_training.score import score")
    assert not imports_unasked("import pytest\npytest.importorskip('torch')\nfrom aat_training.score import score")


def test_no_test_imports_what_an_extra_brings_unasked() -> None:
    """The tests of `aat_training` are skipped together, by their conftest."""
    training = TESTS / "aat_training"
    paths = [
        path
        for path in (*TESTS.rglob("test_*.py"), *TESTS.rglob("conftest.py"))
        if training not in path.parents or path == training / "conftest.py"
    ]
    assert [str(path.relative_to(TESTS)) for path in paths if imports_unasked(path.read_text())] == []
