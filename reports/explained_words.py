"""The words that the chip's arithmetic costs, as blocks of an explanation: by system, and by field of the numerics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnasim.ir.explanation import ALL, Explanation, FieldWords, NumericsWords
from nnasim.ir.explanation import Words as SystemWords
from nnasim.ir.result import SimResult
from nnasim.markup import counted
from reports.blocks import Block, Cell, Code, Fold, Heading, Listing, Paragraph, Quantity, Table, Value, Words
from reports.set_line import set_line


def word_blocks(result: SimResult, explained: Explanation, suffix: str) -> Iterator[Block]:
    """Word errors of every system of a comparison, and which field of the numerics costs how many of them."""
    decoded = explained.numerics_words
    if not explained.words and decoded is None:
        if explained.complete and result.imported is None:
            yield Heading("What it costs in words")
            yield Paragraph(("Not known: no decoded speech stands beside this run. ", *_ASK_FOR_WORDS))
        return
    yield Heading("What it costs in words")
    if explained.words:
        yield _system_table(explained.words, suffix)
    if decoded is not None:
        yield from _field_words(decoded, suffix)
    else:
        yield Paragraph(_ASK_FOR_WORDS, note=True)


_ASK_FOR_WORDS: tuple[str | Code, ...] = (
    Code("nnasim explain --words"),
    " decodes speech with one field of the numerics eased at a time, and says how many words each costs.",
)


def _system_table(systems: Sequence[SystemWords], suffix: str) -> Table:
    rows = tuple(
        (Value(words.system), words.errors, words.words, Quantity.percent(words.errors / (words.words or 1)),
         words.more_than_float)
        for words in systems
    )  # fmt: skip
    columns = ("system", "wrong words", "of", "WER", "more than float")
    return Table(f"words_cost{suffix}", "", columns, rows, "On the same utterances.", look="plain")


def _field_words(decoded: NumericsWords, suffix: str) -> Iterator[Block]:
    """Blocks with the words that each field of the numerics costs."""
    yield Paragraph(_costliest_field(decoded))
    rows = tuple(_field_cells(row) for row in sorted(decoded.fields, key=_costs_most))
    left = decoded.planned - len(decoded.fields)
    heard = counted(decoded.utterances, "utterance")
    note = (
        f"{decoded.system} on {heard} of {decoded.manifest} with {decoded.checkpoint}: "
        "each row is a decode of the same speech with one choice of the chip's arithmetic eased and all else as it is, "
        "weights and other ranges included; no training is repeated. Words saved with their 95 % interval over 10,000 "
        "paired resamples of the utterances, and the share of those with fewer errors (ties: half). Each row is judged "
        "alone: of twenty that change nothing one will seem to."
    )
    missing = f" {left:,} more were not decoded." if left else ""
    columns = ("field", "today", "eased to", "wrong words", "saved", "95 % interval", "fewer errors")
    yield Table(f"field_words{suffix}", "", columns, rows, note + missing, look="plain")
    lines = tuple((f"{row.field}: ", Code(set_line(row.changes))) for row in decoded.fields if row.changes)
    if lines:
        yield Fold("The same by hand: what to add to nnasim evaluate", (Listing(lines),))


def _costliest_field(decoded: NumericsWords) -> Words:
    """A sentence on the field that costs most."""
    proven = [row for row in decoded.fields if row.interval is not None and row.interval[0] > 0 and row.field != ALL]
    head = f"{decoded.errors:,} of {decoded.words:,} words are wrong. "
    if not proven:
        return f"{head}No single field of the numerics, eased alone, saves words beyond doubt."
    most = max(proven, key=lambda row: row.saved or 0)
    saved = counted(most.saved or 0, "word")
    return (head, "The most is saved with ", Code(most.field), f" eased to {most.eased}: {saved}.")


def _costs_most(row: FieldWords) -> tuple[bool, float]:
    return row.field == ALL, -(row.saved if row.saved is not None else float("-inf"))


def _field_cells(row: FieldWords) -> tuple[Cell, ...]:
    field: Cell = row.field if row.field == ALL else Code(row.field)
    if row.interval is None:
        return (field, Value(row.today), Value(row.eased), None, None, Value(row.refused or ""), None)
    low, high = (f"{end:+,.0f}" if end else "0" for end in row.interval)
    certainty = None if low == high == "0" else Quantity.percent(row.better or 0.0, 1)
    return (field, Value(row.today), Value(row.eased), row.errors, row.saved, f"{low} to {high}", certainty)
