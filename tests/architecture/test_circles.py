"""No two files of ours need each other: what is imported when a file is run forms no circle, in functions neither."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("nnasim", "reports", "workloads", "aat_training", "benchmarks")


def modules() -> dict[str, Path]:
    """Every file of ours by the name of its module."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in names.items()}


def statements(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        else:
            yield from statements(node)


def imported(source: str, modules: set[str]) -> set[str]:
    """Modules of ``modules`` that ``source`` imports."""
    names: set[str] = set()
    for statement in statements(ast.parse(source)):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        else:
            inner = {f"{statement.module}.{alias.name}" for alias in statement.names}
            names |= (inner & modules) or {str(statement.module)}
    return names & modules


def test_no_file_is_part_of_a_circle_of_imports() -> None:
    files = modules()
    needs = {name: imported(path.read_text(), set(files)) - {name} for name, path in files.items()}
    assert len(needs) > 200
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_an_import_within_a_function_counts_and_one_for_the_type_checker_does_not() -> None:
    source = (
        "import a.b\nif TYPE_CHECKING:\n    from a import c\ndef f():\n    from a import d, x\n    from a.e import y\n"
    )
    assert imported(source, {"a", "a.b", "a.c", "a.d", "a.e"}) == {"a.b", "a.d", "a.e"}
