"""Of several ranks the first speaks, and each leaves its word where the launcher looks."""

import json

import pytest

from nnasim.cli.main import main
from nnasim.cli.ranks import leave_word, one_of_several, speaks


@pytest.mark.parametrize(
    ("count", "rank", "several", "speaking"),
    [(None, None, False, True), ("1", "0", False, True), ("2", "0", True, True), ("2", "1", True, False)],
)
def test_the_first_of_several_speaks(monkeypatch, count, rank, several, speaking):
    for name, value in (("WORLD_SIZE", count), ("RANK", rank)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert (one_of_several(), speaks()) == (several, speaking)


@pytest.mark.parametrize(
    ("count", "rank"), [("2", "x"), ("2", "5"), ("2", "-1"), ("2", ""), ("x", "1"), ("", "1"), ("0", "1")]
)
def test_a_process_that_has_no_number_among_the_others_speaks_for_itself(monkeypatch, capsys, count, rank):
    monkeypatch.setenv("WORLD_SIZE", count)
    monkeypatch.setenv("RANK", rank)
    assert main(["no-such-command"]) == 2
    assert capsys.readouterr().err.startswith("nnasim: no command")


def test_the_launchers_report_quotes_the_line_of_a_rank_that_says_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    assert main(["no-such-command"]) == 2
    assert capsys.readouterr().err == ""
    assert json.loads((tmp_path / "error.json").read_text())["message"].startswith("nnasim: no command")


def test_a_process_alone_leaves_no_word(monkeypatch, tmp_path):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    leave_word("nnasim: nothing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "rank", "told"),
    [("2", "0", True), ("2", "1", False), ("1", "3", True), ("2", "2", True), ("2", "x", True), ("x", "1", True)],
)
def test_a_process_whose_number_is_none_says_so_itself(
    count: str, rank: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", count)
    monkeypatch.setenv("RANK", rank)
    assert speaks() is told
