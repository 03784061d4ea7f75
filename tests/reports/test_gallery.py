"""docs/results/gallery.md shows what the recipes draw, and the cheap ones are drawn here."""

import re
from pathlib import Path

import pytest

from reports.gallery.__main__ import drawn
from reports.gallery.recipes import RECIPES

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures" / "gallery"
CHEAP = ("time-line", "roofline")


def test_the_manual_has_every_recipe_with_its_picture_and_its_commands() -> None:
    sections = (ROOT / "docs" / "results" / "gallery.md").read_text().split("\n## ")[1:]
    shown = [
        (
            re.findall(r"\(\.\./pictures/gallery/(.+?)\.svg\)", section),
            re.findall(r"```\n(.*?)\n```", section, re.DOTALL),
        )
        for section in sections
    ]
    assert shown == [([name], ["\n".join(recipe.commands)]) for name, recipe in RECIPES.items()]


def test_the_whole_gallery_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert sorted(sizes) == sorted(f"{name}.svg" for name in RECIPES)
    assert sum(sizes.values()) < 1_500_000


@pytest.mark.parametrize("name", CHEAP)
def test_a_picture_says_what_its_commands_draw_today(name: str, tmp_path: Path) -> None:
    """Its title and description are compared, which hold the figures; its lines are matplotlib's."""
    ((_, figure),) = drawn([name], tmp_path)
    said = re.compile(r"<title>.*?</title><desc>.*?</desc>", re.DOTALL)
    now, kept = (said.search(text) for text in (figure.decode(), (PICTURES / f"{name}.svg").read_text()))
    assert now
    assert kept
    assert now[0] == kept[0]
