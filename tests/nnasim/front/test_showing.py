"""A script prints what a notebook draws."""

import pytest

import nnasim


def test_a_script_prints_the_text_of_each(capsys) -> None:
    nnasim.show([1, 2], "b")
    assert capsys.readouterr().out == "[1, 2]\n'b'\n"


def test_a_notebook_displays_them(monkeypatch) -> None:
    ipython = pytest.importorskip("IPython")
    displayed: list[object] = []
    shell = type("Shell", (), {"has_trait": lambda self, name: name == "kernel"})()
    monkeypatch.setattr(ipython, "get_ipython", lambda: shell)
    monkeypatch.setattr(ipython.display, "display", lambda *things: displayed.extend(things))
    nnasim.show(1, 2)
    assert displayed == [1, 2]
