"""The bar shows what takes long, on a terminal, and changes nothing."""

import io

import pytest
import rich.console

from nnasim.cli.progress import shown_progress, with_progress


@pytest.fixture
def terminal(monkeypatch):
    """What a terminal's stderr received."""
    screen = io.StringIO()
    real = rich.console.Console
    monkeypatch.setattr(rich.console, "Console", lambda **_: real(file=screen, force_terminal=True, width=80))
    return screen


def test_items_pass_unchanged(terminal):
    assert list(with_progress(iter([3, 1, 2]), "speech")) == [3, 1, 2]


def test_short_work_is_silent(terminal):
    list(with_progress(range(5), "speech", 5))
    assert "speech" not in terminal.getvalue()


def test_long_work_shows_a_bar(terminal):
    list(with_progress(range(5), "speech", 5, patience_s=-1.0))
    assert "speech" in terminal.getvalue()


def test_a_pipe_sees_nothing(capsys):
    list(with_progress(range(5), "speech", 5, patience_s=-1.0))
    assert capsys.readouterr().err == ""


def test_errors_pass_through_and_the_bar_is_put_away(terminal):
    def failing():
        yield 1
        raise ValueError("broken take")

    with pytest.raises(ValueError, match="broken take"):
        list(with_progress(failing(), "speech", patience_s=-1.0))


def test_a_log_file_gets_lines_with_the_total_where_it_is_known(capsys, monkeypatch):
    monkeypatch.setattr("nnasim.cli.progress.LINE_EVERY_S", 0.0)
    with shown_progress(lines=True) as progress:
        progress("chips", 49, None)
        progress("steps", 3, 8, "WER 5 %")
    assert capsys.readouterr().err == "chips 49\nsteps 3/8 WER 5 %\n"
