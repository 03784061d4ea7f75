"""docs/results/imported.md holds the table that its command makes: what can be counted at once is counted again."""

from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("tflite", reason="tflite is not installed")

from benchmarks.models import BEGIN, END, LISTED, Listed, line, measured, with_table

PAGE = (Path(__file__).parents[2] / "docs" / "results" / "imported.md").read_text(encoding="utf-8")
ROWS = {row.split(" | ")[0].removeprefix("| "): row for row in PAGE.splitlines() if row.startswith("| ")}
FILES = [listed for listed in LISTED if not any(word in listed.where for word in ("weights", "recogniser"))]
NODES, MACS = slice(2, 6), 7


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("| ").split("|")]


def test_every_listed_model_has_a_line() -> None:
    assert [listed.name for listed in LISTED if listed.name not in ROWS] == []


@pytest.mark.parametrize("listed", FILES, ids=lambda listed: listed.name)
def test_nodes_and_work_are_as_the_command_counts_them(listed: Listed) -> None:
    try:
        made = cells(line(measured(listed)))
    except FileNotFoundError as error:
        pytest.skip(f"{error.args[0]} is not installed")
    written = cells(ROWS[listed.name])
    assert (written[NODES], written[MACS], written[-1]) == (made[NODES], made[MACS], made[-1])


def test_a_step_of_silero_is_679_552_multiply_accumulates() -> None:
    assert cells(ROWS["Silero VAD, `silero_vad.onnx`"])[MACS] == "679,552"


def test_the_table_alone_is_made_anew() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_table(text, ["| a |"]) == f"before\n{BEGIN}\n| a |\n{END}\nafter\n"
