"""No value that was derived from a record outlives the record's change."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    p for folder in ("nnasim", "reports", "workloads", "aat_training") for p in (ROOT / folder).rglob("*.py")
)
CACHES = {"cached_property", "cache", "lru_cache"}


def _names(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        yield ast.unparse(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


def _is_frozen_dataclass(node: ast.ClassDef) -> bool:
    """``dataclasses.replace`` makes such a record anew, without what the old one had cached."""
    return any(ast.unparse(decorator) in ("dataclass(frozen=True)",) for decorator in node.decorator_list)


def caches(source: str) -> Iterator[str]:
    """Methods that keep what they computed, in classes whose copies would keep it too."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and (decorators := CACHES & set(_names(member.decorator_list))):
                plain = not node.bases and not node.decorator_list
                if decorators != {"cached_property"} or not (_is_frozen_dataclass(node) or plain):
                    yield f"line {member.lineno}: {node.name}.{member.name}"


@pytest.mark.parametrize(
    "source",
    [
        "class A(BaseModel):\n @cached_property\n def x(self): return 1",
        "class A(Record):\n @functools.cached_property\n def x(self): return 1",
        "class A:\n @lru_cache(maxsize=4)\n def x(self): return 1",
        "@dataclass\nclass A:\n @cached_property\n def x(self): return 1",
    ],
)
def test_the_rule_catches(source: str) -> None:
    assert list(caches(source))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_record_that_can_be_copied_keeps_a_cache(path: Path) -> None:
    assert list(caches(path.read_text())) == []
