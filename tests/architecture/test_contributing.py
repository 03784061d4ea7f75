"""What contributors are told is so: examples are our code, hooks exist, the citation is of this version."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from nnasim import __version__

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def loaded(name: str) -> dict:
    return YAML(typ="safe", pure=True).load(ROOT / name)


def test_the_examples_of_taste_are_our_code() -> None:
    examples = re.findall(r"\(`([\w/]+\.py)`\):\n\n```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert len(examples) == 2
    for path, code in examples:
        assert code in (ROOT / path).read_text()


def test_the_checks_that_contributors_are_told_of_exist() -> None:
    assert set(re.findall(r"`make (\w+)`", GUIDE)) <= TARGETS


def test_every_hook_is_a_check_of_the_makefile() -> None:
    hooks = [hook for repo in loaded(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert [hook["entry"] for hook in hooks] == ["make lint", "make types", "make layers"]
    assert {hook["id"] for hook in hooks} <= TARGETS


def test_the_citation_is_of_this_version_and_names_the_paper() -> None:
    citation = loaded("CITATION.cff")
    assert citation["version"] == __version__
    assert citation["references"][0]["authors"][0]["family-names"] == "Shakiah"
