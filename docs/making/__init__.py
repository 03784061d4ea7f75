"""Pages of the reference that are made from the program itself each time the site is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx to make the pages before it looks for them."""
    from pygments.lexers.special import TextLexer

    app.add_lexer("csv", TextLexer)  # tables have no colours
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "reference" / "made"))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> list[Path]:
    """Write every made page into ``folder``; returns their paths. A page that is as it was keeps its time."""
    from docs.making.chips import fields_page, preset_pages
    from docs.making.commands import command_pages
    from docs.making.formats import format_pages
    from docs.making.python import python_page

    pages = {
        **command_pages(),
        **preset_pages(),
        **format_pages(),
        "chip-fields": fields_page(),
        "python": python_page(),
    }
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return [folder / f"{name}.md" for name in pages]
