"""Limits that no quick file is over, or that refuse nothing: what is over them is done no further, as these hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, patch

import pytest


def name_is_cut(most: int, folder: Path) -> None:
    """A tensor's name keeps so many of its characters."""
    from workloads.importers import tflite_file

    assert [len(tflite_file._text(b"x" * size)) for size in (most, most + 1)] == [most, most]


def ratio_is_the_nearest(most: int, folder: Path) -> None:
    """Two rates with a ratio of large numbers are taken for two with a ratio of small ones, nearly the same."""
    from aat_training.data.resample import _ratio

    near = _ratio(most + 1, most)
    assert max(near.numerator, near.denominator) <= most
    assert abs(near - most / (most + 1)) < 1e-6
    assert _ratio(most, most - 1).denominator == most


def tiles_are_no_more(most: int, folder: Path) -> None:
    """A weight of more rows has tiles of more rows."""
    from nnasim.compiler.memory_plan import _rows_of_a_tile

    def rows(of: int) -> int:
        use: Any = SimpleNamespace(rows_per_use=of, rows=of, row_bytes=1)
        return _rows_of_a_tile(1, 1, False, use)

    assert (rows(most), rows(most + 1)) == (1, 2)


def subwords_are_learned_from_the_first(most: int, folder: Path) -> None:
    """Texts behind the first so many are read, but no subword is learned from them."""
    from aat_training.data.shards import survey

    said: Any = SimpleNamespace(text="a")
    shards: Any = MagicMock(**{"recipe.tokens": "subword", "read.return_value": [said] * 3, "__len__.return_value": 2})
    with patch.object(survey, "MOST_TEXTS", 4):
        look = survey.look_at(shards)
    assert most == survey.MOST_TEXTS
    assert (len(look.texts), look.utterances) == (4, 6)


def traces_are_looked_at(most: int, folder: Path) -> None:
    """Of a folder of more traces, so many are looked at, and the one that has the result's name first."""
    from nnasim.studies.explaining.sources import RESULTS, TRACES, _traces_beside

    (traces := folder / TRACES).mkdir()
    for number in range(most + 10):
        (traces / f"{number}.json").write_text(json.dumps(number))
    (folder / RESULTS).mkdir()
    beside = list(_traces_beside(folder / RESULTS / "0.json"))
    assert most <= len(beside) <= most + 1
    assert beside[0] == traces / "0.json"


def rows_are_told_apart(most: int, folder: Path) -> None:
    """Damaged pages with more rows are refused; so many are too long to write here."""
    from nnasim.errors import FileError
    from nnasim.limits import written
    from nnasim.sweeps.rescue import _Examination

    looked_at: Any = SimpleNamespace(store=SimpleNamespace(path=folder))
    _Examination._refuse_if_full(looked_at, "points", most)
    with pytest.raises(FileError, match=f"at most {written(most)} rows of a table are rescued"):
        _Examination._refuse_if_full(looked_at, "points", most + 1)


HELD: dict[str, Callable[[int, Path], None]] = {
    "a TensorFlow Lite file, a name, characters": name_is_cut,
    "audio, either part of the ratio of two sample rates, at most": ratio_is_the_nearest,
    "a weight on a chip, tiles": tiles_are_no_more,
    "a folder of shards, subwords, texts that they are learned from": subwords_are_learned_from_the_first,
    "a folder that is searched for a result's trace, files": traces_are_looked_at,
    "a store whose pages are damaged, rows of a table": rows_are_told_apart,
}
