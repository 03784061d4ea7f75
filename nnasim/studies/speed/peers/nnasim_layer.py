"""This package's own command for the layer that other tools are given, as a user runs it."""

from __future__ import annotations


def command(python: str, preset: str) -> list[str]:
    """`nnasim simulate` of ``layer.json`` in the folder where it runs."""
    return [python, "-m", "nnasim", "simulate", "layer.json", "--preset", preset, "--out", "result.json"]
