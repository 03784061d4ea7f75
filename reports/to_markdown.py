"""A document as Markdown; its figures are files in ``figures/`` beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnasim.markup import visible
from reports.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Figure,
    Fold,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Table,
    Words,
    heading,
    inlines,
)


def markdown(document: Document) -> str:
    """The text of the file."""
    lines = [f"# {_line(document.title)}", *_blocks(document.lead)]
    for section in document.sections:
        lines += [f"## {_line(section.title)}", *_blocks(section.blocks)]
    return "\n\n".join(lines) + "\n"


def markdown_of(title: str, blocks: Iterable[Block]) -> str:
    """The text of a file of ``blocks`` under a title."""
    return "\n\n".join([f"# {_line(title)}", *_blocks(blocks)]) + "\n"


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    """The lines of a block, with an empty line before and after."""
    match block:
        case str() | Paragraph():
            yield _line(block if isinstance(block, str) else block.words)
        case Heading(text):
            yield f"### {_line(text)}"
        case Listing(items):
            yield "\n".join(f"- {_line(item)}" for item in items)
        case Facts(rows):
            yield "\n".join(f"- {_line(term)}: {_line(what)}" for term, what in rows)
        case Figure():
            caption = _line(block.caption)
            yield f"![{caption}](figures/{block.name}.svg)\n\n{caption}"
        case Table():
            yield from (f"### {_line(block.title)}",) if block.title else ()
            yield _grid(block)
            yield from (_line(block.note),) if block.note else ()
        case Fold():
            yield f"### {_line(block.title)}"
            yield from _blocks(block.blocks)


def _grid(table: Table) -> str:
    rule = "|" + "|".join("---" if table.is_at_left(index) else "---:" for index in range(len(table.columns))) + "|"
    lines = [[_line(heading(column)) for column in table.columns], *(map(_line, row) for row in table.rows)]
    written = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([written[0], rule, *written[1:]])


def _line(content: Words | Cell) -> str:
    return "".join(map(_part, inlines(content)))


def _part(part: Inline) -> str:
    """``part`` escaped: no character of it starts a tag, a link, a cell or emphasis in Markdown."""
    text = visible(part if isinstance(part, str) else part.text)
    if isinstance(part, Code) and not set(text) & {"`", "|"}:
        return f"`{text}`"
    return "".join(f"\\{c}" if c in "\\|<>[]*`" else c for c in text)
