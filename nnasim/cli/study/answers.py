"""The first words of a study's page, for its summary on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.blocks import Document

MOST_LINES = 12  # of a summary of 15: what the study cost and where its page is come behind


def answer_lines(document: Document) -> list[str]:
    """The sentences of the first section, as many as there is room for on 80 columns."""
    from nnasim.markup import MOST_COLUMNS, narrowed
    from reports.blocks import Listing, Paragraph, shown

    lines, room = list[str](), MOST_LINES
    for block in document.sections[0].blocks if document.sections else ():
        items = block.items if isinstance(block, Listing) else (block,) if isinstance(block, str | Paragraph) else ()
        for item in items:
            line = shown(item.words if isinstance(item, Paragraph) else item)
            room -= len(list(narrowed([line], MOST_COLUMNS)))
            if room < 0:
                return lines
            lines.append(line)
    return lines
