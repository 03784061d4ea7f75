"""docs/explanation/architecture.md draws the layers that are kept, and names files that exist."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text()


def test_the_picture_of_the_layers_is_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    picture = PAGE.partition("```\n")[2].partition("```")[0]
    assert [line.partition("  ")[0] for line in picture.splitlines()] == layers


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:nnasim|reports|workloads|aat_training|tests)/[\w/.]*)`", PAGE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_groups_of_plug_ins_are_those_that_are_read() -> None:
    groups = set(re.findall(r"\| `(nnasim\.\w+)` \|", PAGE))
    sources = "\n".join(path.read_text() for path in (ROOT / "nnasim").rglob("*.py"))
    assert groups == set(re.findall(r'Plugins(?:\[.*?\])?\(\s*"([\w.]+)"', sources))
