"""Markdown of tables and lists of pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a cell is one line whatever it holds."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(text: str) -> str:
    """``text`` as it may stand in a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """``text`` set as code; nothing of nothing."""
    return f"`{text}`" if text else ""


def contents(names: Iterable[str]) -> str:
    """A hidden list of the pages below this one."""
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
