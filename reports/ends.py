"""The lowest and the highest of several results' figures, in the few words of a picture's title."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.text import shortened

_MOST_NAMED, _LONGEST = 2, 20


def ends(values: Mapping[str, float], text: Callable[[float], str]) -> str:
    """The lowest and the highest, such as "0.3 ms (naive, aat) to 2.4 ms (float)"; one figure if all read the same."""
    texts = {label: text(value) for label, value in values.items()}
    low, high = (text(end(values.values())) for end in (min, max))
    if low == high:
        return low if len(texts) == 1 else f"{low} for each"
    return f"{low} ({_whose(texts, low)}) to {high} ({_whose(texts, high)})"


def _whose(texts: Mapping[str, str], figure: str) -> str:
    labels = [label for label, text in texts.items() if text == figure]
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return ", ".join(shortened(label, _LONGEST) for label in labels[:_MOST_NAMED]) + more
