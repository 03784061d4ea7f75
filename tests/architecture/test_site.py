"""The site: every page stands in a section, every link leads somewhere, and the reference is made from the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.making.chips import fields_page, preset_pages
from docs.making.commands import command_pages
from docs.making.formats import FORMATS, format_names, schema_of
from nnasim.cli.table import COMMANDS
from nnasim.hardware import load_preset, preset_names, preset_rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"made", "_build"} & set(page.parts))
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]


def links(page: Path) -> list[str]:
    """Where a page's links lead, code left out."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as links call them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_is_there(page: Path) -> None:
    made = {*command_pages(), *preset_pages(), *format_names(), "chip-fields", "python"}
    for link in links(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if "made" in target.parts:
            assert target.relative_to(DOCS / "reference" / "made").with_suffix("").as_posix() in made, link
            continue
        if target.suffix == ".ipynb":  # made of a script when the site is built
            target = ROOT / "examples" / f"{target.stem}.py"
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_stands_in_the_contents_of_its_section() -> None:
    for page in PAGES:
        if page.name == "index.md" or page == DOCS / "glossary.md":
            continue
        contents = (page.parent / "index.md").read_text(encoding="utf-8")
        assert re.search(rf"^{re.escape(page.stem)}$|:glob:", contents, flags=re.MULTILINE), page


def test_each_command_has_a_page_with_every_option_of_its_help() -> None:
    pages = command_pages()
    assert {f"commands/{name}" for name in COMMANDS} <= pages.keys()
    assert "--preset <str>" in pages["commands/simulate"]
    assert "## nnasim data strings" in pages["commands/data"]
    assert "## nnasim study numerics" in pages["commands/study"]


def test_each_field_of_a_chip_stands_in_the_reference_with_its_unit() -> None:
    text = fields_page()
    for row in preset_rows("edge256", load_preset("edge256")):
        if row.unit:
            assert re.search(rf"^\| `{re.escape(row.field)}` \| {re.escape(row.unit)} \|", text, re.MULTILINE), (
                row.field
            )


def test_each_preset_and_each_format_has_a_page() -> None:
    assert {f"presets/{name}" for name in preset_names()} < preset_pages().keys()
    assert {f"formats/{name}" for name in FORMATS} < set(format_names())
    assert "$defs" in schema_of("trace")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_opens_with_what_it_answers(page: Path) -> None:
    head = page.read_text(encoding="utf-8").partition("\n## ")[0].splitlines()[1:]
    assert any(line and not line.startswith(("#", "|", "```", ":")) for line in head), (
        "no sentence before the first heading"
    )


MOST_WORDS = 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_sentences_are_short(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    for paragraph in re.split(r"\n\s*\n|\n *- |\n#+ [^\n]*", prose):
        for sentence in re.split(r"(?<=[.!?:])\s+", " ".join(paragraph.split())):
            plain = re.sub(r"\([^()]*\)|`[^`]*`", "x", sentence)
            assert len(plain.split()) <= MOST_WORDS, sentence
