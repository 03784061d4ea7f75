"""What is shown of a command line is what a shell reads back."""

import shutil
import subprocess

import pytest

from nnasim import limits
from nnasim.markup import visible
from nnasim.shellwords import shell_line, words_of

WORDS = [
    "plain", "", "two words", "it's", "$(touch x)", "`id`", "a;b&&c", "a\\b", '"', "--set", "dram.kind=ünï",
    "\u202edlrow", "line\nend", "\x1b[31m", "a\u200bb'c\\d", "\u2066x\u2069", "tab\tstop",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed")
def test_a_shell_reads_back_every_word_exactly() -> None:
    line = shell_line(WORDS)
    printed = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == WORDS


def test_nothing_of_a_line_is_invisible_and_plain_words_stay_plain() -> None:
    line = shell_line(WORDS)
    assert visible(line) == line
    assert shell_line(["--preset", "edge256", "--set", "host.handoff_us=20"]) == (
        "--preset edge256 --set host.handoff_us=20"
    )


@pytest.mark.parametrize("line", [None, "", "nnasim 'open", "nnasim " + "x" * limits.COMMAND_CHARACTERS])
def test_a_command_that_is_absent_broken_or_too_long_has_no_words(line: str | None) -> None:
    assert words_of(line) == []


def test_a_recorded_command_has_the_words_that_a_shell_would_read() -> None:
    assert words_of("nnasim simulate 'a b.json' --out=$(touch x)") == [
        "nnasim",
        "simulate",
        "a b.json",
        "--out=$(touch",
        "x)",
    ]
