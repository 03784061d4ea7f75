"""The picture of the claim, drawn from the tables of two studies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reports.figures.claim import claim
from reports.gallery.claim import gains_of, rows, words_of

WORDS = (
    "chip,arm,WER [%],low,high\n-,float,6.0,5.0,7.0\nlut8,naive,9.0,8.0,10.0\nlut8,aat,6.5,5.5,7.5\nlut8,qat,8.9,8,9\n"
)
GAINS = (
    "model,hand-off [us],gain [%] at 3.75 GB/s,gain [%] at 12 GB/s\n"
    "trained,50.0,30.0,31.0\nrnnt-paper,35.0,2.9,3.8\nrnnt-paper,50.0,4.1,5.3\nrnnt-paper,200.0,14.4,18.0\n"
)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    words, gains = tmp_path / "wer.csv", tmp_path / "gain_map.csv"
    words.write_text(WORDS)
    gains.write_text(GAINS)
    return words, gains


def test_words_are_those_of_the_chips_that_the_study_ran(tables: tuple[Path, Path]) -> None:
    chips, reference = words_of(rows(tables[0]))
    assert {chip: {arm: point.value for arm, point in arms.items()} for chip, arms in chips.items()} == {
        "table of 256": {"naive": 9.0, "aat": 6.5}
    }
    assert reference == (6.0, 5.0, 7.0)


def test_gains_are_those_of_the_papers_size_up_to_the_longest_hand_off_shown(tables: tuple[Path, Path]) -> None:
    assert gains_of(rows(tables[1])) == {
        "58 M weights, 3.75 GB/s": [(35.0, 2.9), (50.0, 4.1)],
        "the same, 12 GB/s": [(35.0, 3.8), (50.0, 5.3)],
    }


def test_the_picture_says_its_figures_to_a_screen_reader(tables: tuple[Path, Path]) -> None:
    chips, reference = words_of(rows(tables[0]))
    text = claim(chips, reference, gains_of(rows(tables[1]))).svg
    assert "table of 256: 9.00 % put on the chip, 6.50 % trained for it" in text
    assert "4.10 % at 50.0 us" in text


def test_the_command_writes_the_same_picture_twice(tables: tuple[Path, Path], tmp_path: Path) -> None:
    pictures = []
    for name in ("one.svg", "two.svg"):
        command = [sys.executable, "-m", "reports.gallery.claim", *map(str, tables), str(tmp_path / name)]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
