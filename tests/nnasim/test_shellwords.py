"""What is shown of a command line is what a shell reads back."""

import shutil
import subprocess

import pytest

from nnasim.markup import visible
from nnasim.shellwords import shell_line

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
