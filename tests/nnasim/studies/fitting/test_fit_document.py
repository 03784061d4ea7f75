"""docs/how-to/fit.md shows what its command prints."""

import re
from pathlib import Path

import pytest

from nnasim.cli.main import main

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "fit.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)[number]


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e\+?\d+)?(?![\w.])", text)]


def test_the_example_prints_and_writes_what_the_page_says(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "board.csv").write_text(block("csv"))
    command = re.findall(r"^nnasim (fit board\.csv .*my_board\.yaml)$", PAGE, flags=re.MULTILINE)[0]
    assert main(command.split()) == 0
    out, shown = capsys.readouterr().out, block("text", 1)
    assert re.sub(r"[\d.]+| +", "", out) == re.sub(r"[\d.]+| +", "", shown)
    assert numbers(out) == pytest.approx(numbers(shown), rel=0.02)
    written = "\n".join(line for line in (tmp_path / "my_board.yaml").read_text().splitlines() if line[0] != "#")
    assert numbers(written) == pytest.approx(numbers(block("yaml")), rel=0.02)
