"""Docstrings and messages keep to the rules of docs/how-to/style.md, as far as a program can read them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nnasim", "aat_training", "workloads", "reports", "benchmarks")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
QUESTIONS = {"What", "How", "Where", "Which", "Who", "Whose", "When", "Why"}
PARTICLES = {"Of", "From", "By", "With", "Without", "To", "Let", "Over", "Between", "Beside", "Behind", "Along"}
TOLD = {"Say", "Says", "Tell", "Tells"}
MOST_WORDS = 40


def documented(path: Path) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield node, text


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def first_word(text: str) -> str:
    return re.split(r"[\s,.:;]", text, maxsplit=1)[0]


def sentences(text: str) -> list[str]:
    prose = re.sub(r"(?m)^\s*(- |\d\. ).*$", "", text)
    return re.split(r"(?<=[.:;?])\s+|\n\s*\n", prose)


def returns_nothing(node: Documented) -> bool:
    return isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Constant) and node.returns.value is None


def avoided() -> list[str]:
    page = (ROOT / "docs" / "how-to" / "style.md").read_text(encoding="utf-8")
    rows = page.split("## Words to avoid")[1].split("\n## ")[0].splitlines()
    return [row.strip("| ").split(" | ")[0] for row in rows if row.startswith("| ")][1:]


def test_a_public_function_is_documented() -> None:
    silent = [
        where(path, node)
        for path in FILES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if not ast.get_docstring(node) and "overload" not in map(ast.unparse, node.decorator_list)
    ]
    assert silent == []


@pytest.mark.parametrize("openings", [QUESTIONS, PARTICLES, TOLD], ids=["question", "particle", "told"])
def test_a_docstring_names_the_thing_it_is_of(openings: set[str]) -> None:
    riddles = [
        f"{where(path, node)}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if first_word(text) in openings
    ]
    assert riddles == []


def test_the_words_below_a_constant_open_with_no_question() -> None:
    riddles = [
        f"{where(path, node)}: {node.value.value.splitlines()[0]}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if first_word(node.value.value) in QUESTIONS
    ]
    assert riddles == []


def test_what_returns_nothing_opens_with_a_verb() -> None:
    nouns = {"The", "A", "An", "Whether", "One", "Each", "Every", "All", "Its"}
    nameless = [
        f"{where(path, node)}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if returns_nothing(node) and first_word(text) in nouns
    ]
    assert nameless == []


def test_a_public_function_that_returns_something_names_it_first() -> None:
    work = {"Say", "Compute", "Simulate", "Find", "Return", "Returns", "Yields", "Read", "Load", "Draw", "Decode"}
    hidden = [
        f"{where(path, node)}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if isinstance(node, ast.FunctionDef) and node.returns and not node.name.startswith("_")
        if not returns_nothing(node) and "Generator" not in ast.unparse(node.returns) and first_word(text) in work
    ]
    assert hidden == []


def test_an_error_is_raised_by_a_verb() -> None:
    bare = [
        f"{where(path, node)}: {text.splitlines()[0]}"
        for path in FILES
        for node, text in documented(path)
        if isinstance(node, ast.FunctionDef) and re.match(r"[A-Z]\w+Error\b", text)
    ]
    assert bare == []


def test_sentences_are_short() -> None:
    long = [
        f"{where(path, node)}: {sentence}"
        for path in FILES
        for node, text in documented(path)
        for sentence in sentences(text)
        if len(sentence.split()) > MOST_WORDS
    ]
    assert long == []


def test_no_docstring_and_no_message_has_a_word_that_the_style_page_avoids() -> None:
    words = avoided()
    assert len(words) > 10
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b")
    found = [
        f"{where(path, node)}: {match[0]}: {' '.join(node.value.split())[:80]}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in [pattern.search(" ".join(node.value.split()))]
        if match
    ]
    assert found == []
