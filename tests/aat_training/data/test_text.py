"""One step from text to words: what it changes, and that it changes nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aat_training.data.text import NORMALISATIONS, normalised


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SEVEN Two", "seven two"),
        ("Seven, two -- no: six!", "seven two no six"),
        ("7 2 6.", "seven two six"),
        ("7-2-6", "seven two six"),
        ("10 13 20 21 99", "ten thirteen twenty twenty one ninety nine"),
        ("100 07 8.5 1,000", "100 07 8.5 1,000"),  # how these are said is not known
        ("Don\u2019t say \u2018no\u2019 at five o'clock", "don't say no at five o'clock"),
        ("\u201cTwenty\u2014one\u201d (twice)", "twenty one twice"),
        ("\uff18 \uff19", "eight nine"),
        ("5 % of", "five % of"),
        ("caf\u00e9", "cafe\u0301"),
        ("...", ""),
        ("", ""),
    ],
)
def test_english(text, words):
    assert normalised(text, "english") == normalised(words, "plain")


def test_plain_leaves_numbers_and_raw_leaves_all_but_blanks():
    assert normalised("Take 8,  please!", "plain") == "take 8 please"
    assert normalised("Take 8,  please!", "raw") == "Take 8, please!"


@given(text=st.text(max_size=60), normalisation=st.sampled_from(list(NORMALISATIONS)))
def test_what_is_normalised_stays(text, normalisation):
    once = normalised(text, normalisation)
    assert normalised(once, normalisation) == once
    assert once == " ".join(once.split())


@given(words=st.lists(st.sampled_from(["zero", "o'clock", "twenty", "yes", "p"]), max_size=6))
def test_plain_words_are_left_alone(words):
    assert normalised(" ".join(words), "english") == " ".join(words)
