"""One step from a manifest's text to the words that a recogniser learns and is scored on.

Every reference goes through it, in training and in scoring, and its name stands in every result: word error rates of
two normalisations cannot be compared.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from aat_training.data.vocabulary import DIGITS

Normalisation = Literal["english", "plain", "raw"]
NORMALISATIONS: dict[Normalisation, str] = {
    "english": "lower case, without punctuation, whole numbers from 0 to 99 as English words",
    "plain": "lower case, without punctuation",
    "raw": "as it stands in the manifest",
}

_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_APOSTROPHE = str.maketrans("\u2019\u02bc\u2018`", "''''")
# Marks that nobody speaks. What is spoken (%, &, @, + ...) stays, and is counted as a word that the model cannot say.
_BETWEEN_WORDS = re.compile(
    '[-\u2010-\u2015\u2026;:!?\u00a1\u00bf"\u201c-\u201f\u00ab\u00bb\u2039\u203a()\\[\\]{}\u3001\u3002/\u060c\u061b\u061f]+'
)
_STOP = re.compile(r"(?<![0-9])[.,]+|[.,]+(?![0-9])")  # 8.5 and 1,000 are not eight five and one zero zero zero
_QUOTE = re.compile(r"(?<!\w)'+|'+(?!\w)")  # don't and o'clock keep theirs
_NUMBER = re.compile("[0-9]|[1-9][0-9]")


def normalised(text: str, normalisation: Normalisation) -> str:
    """The words of ``text``, separated by single blanks. Nothing changes in a text that was normalised already."""
    if normalisation == "raw":
        return " ".join(text.split())
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).translate(_APOSTROPHE)
    words = _QUOTE.sub(" ", _STOP.sub(" ", _BETWEEN_WORDS.sub(" ", plain))).split()
    return " ".join(words if normalisation == "plain" else map(_spelled, words))


def _spelled(word: str) -> str:
    """A whole number from 0 to 99 in words; any other word unchanged."""
    if not _NUMBER.fullmatch(word):
        return word
    tens, ones = divmod(int(word), 10)
    if tens == 0:
        return DIGITS[ones]
    return _TEENS[ones] if tens == 1 else " ".join([_TENS[tens - 2], *([DIGITS[ones]] if ones else [])])
