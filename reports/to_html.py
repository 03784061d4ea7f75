"""A document as one offline HTML page. Every text is escaped, and made visible, here and nowhere else.

Without scripts the page is whole: pictures and tables. With them charts take the pictures' places, and tables sort.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnasim.markup import visible
from reports.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Document,
    Inline,
    Table,
    Value,
    Words,
    heading,
    inlines,
    shown,
)
from reports.chart import page_data
from reports.scripts import policy, scripts

if TYPE_CHECKING:
    from markupsafe import Markup


_SHORT = 16  # characters of a cell that is never broken, such as a unit
_LONG = 28  # characters of a row's name that takes several lines
_TEMPLATES = Path(__file__).parent / "templates"


def html(document: Document) -> str:
    """The page as text, the same for the same document."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # not Markup: that is ours
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = {figure.name: figure.charts for figure in document.figures if figure.charts}
    texts = scripts(charts=bool(drawn))
    environment.filters |= {
        "bare": shown, "heads": heads, "inline": _inline, "runs": _runs, "markup": markupsafe.Markup,
        "ordered": _ordered,
    }  # fmt: skip
    environment.tests |= {
        "short": lambda cell: len(shown(cell)) <= _SHORT,
        "long": lambda cell: len(shown(cell)) > _LONG,
    }
    template = environment.get_template("document.html.j2")
    return template.render(document=document, charts=page_data(drawn), scripts=texts, policy=policy(texts.values()))


class Head(NamedTuple):
    """One heading of a table, and the attributes of its element."""

    text: str
    attributes: tuple[tuple[str, str], ...] = ()


def heads(table: Table) -> list[list[Head]]:
    """The rows of a table's headings: two where columns share one."""
    plain = [Head(c, _look(table, index)) for index, c in enumerate(table.columns) if isinstance(c, str)]
    if len(plain) == len(table.columns):
        return [plain]
    upper: list[Head] = []
    for shared, columns in groupby(enumerate(table.columns), key=lambda item: _shared(item[1])):
        indices = [index for index, _ in columns]
        if shared is None:
            upper += [
                Head(heading(table.columns[index]), (("rowspan", "2"), *_look(table, index))) for index in indices
            ]
        else:
            upper.append(Head(shared, (("colspan", str(len(indices))), *_classes(_longer(shared)))))
    lower = [Head(c[1], _look(table, index)) for index, c in enumerate(table.columns) if isinstance(c, tuple)]
    return [upper, lower]


def _shared(column: Column) -> str | None:
    return column[0] if isinstance(column, tuple) else None


def _look(table: Table, column: int) -> tuple[tuple[str, str], ...]:
    return _classes("text" if table.is_at_left(column) else "", _longer(heading(table.columns[column])))


def _classes(*names: str) -> tuple[tuple[str, str], ...]:
    classes = " ".join(filter(None, names))
    return (("class", classes),) if classes else ()


def _longer(text: str) -> str:
    """The class of a heading that takes several lines."""
    return "long" if len(text) > _LONG else ""


def _inline(content: Words | Cell) -> Markup:
    """Words or a cell as elements of a line."""
    import markupsafe

    return markupsafe.Markup("").join(_element(part) for part in inlines(content))


def _element(part: Inline) -> str | Markup:
    import markupsafe

    if isinstance(part, Code):
        return markupsafe.Markup("<code>{}</code>").format(visible(part.text))
    return markupsafe.Markup("<bdi>{}</bdi>").format(visible(part.text)) if isinstance(part, Value) else visible(part)


def _ordered(table: Table) -> list[list[tuple[Cell, str | None, bool]]]:
    """Rows of cells, each with the number by which it is sorted, and whether it stands at the left.

    That number: a cell's text has fewer digits, and a unit of its own.
    """
    places = range(len(table.columns))
    columns, at_left = [table.numbers(column) for column in places], [table.is_at_left(column) for column in places]
    return [
        [(cell, None if numbers is None else _sorted_as(numbers[place]), left)
         for cell, numbers, left in zip(row, columns, at_left, strict=True)]
        for place, row in enumerate(table.rows)
    ]  # fmt: skip


def _sorted_as(number: float | None) -> str:
    """The key that sorts a cell; one that was not computed is least."""
    return "-Infinity" if number is None else repr(number)


def _runs(blocks: Iterable[Block]) -> list[tuple[str, list[Block]]]:
    """Blocks that follow each other and are of one kind, by the kind's name."""
    return [(kind, list(alike)) for kind, alike in groupby(blocks, key=lambda block: type(block).__name__)]
