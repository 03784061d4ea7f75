"""A store of which a table or an index leads back to itself: a reader gives what the whole store holds, or refuses.

Pages are small, so that few rows fill several of them.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nnasim.errors import FileError
from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.claims import Claims
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.frames import StoredSweep, read_points
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.rescue import examined
from nnasim.sweeps.store import Store, merge
from tests.nnasim.sweeps.test_circular_pages import Pages, a_leaf_twice, a_tower, to_itself, to_one_leaf

ROWS = 120
TABLES = ("studies", "points", "accuracy", "owners", "claims", "tried")
INDICES = ("sqlite_autoindex_points_1", "sqlite_autoindex_tried_1")
SHAPES = (to_one_leaf, to_itself, a_leaf_twice, a_tower)


@pytest.fixture
def store(write_study: Callable[..., Path], tmp_path: Path) -> Path:
    """A store of which every table and index has several pages."""
    path = tmp_path / "s.sqlite"
    swept(prepared(write_study()), path, InlineBackend())
    keys = [f"k{number:06}" for number in range(ROWS)]
    with Store(path) as store, store.transaction():
        some = next(outcome for _, outcome in store.all_outcomes())
        digest, record = next(iter(store.sweeps().items()))
        store.add("study", (Outcome(key, some.values, some.figures, None, 0.1) for key in keys))
        store.add_tried(digest, [*keys, some.key])
        for number in range(ROWS):
            store.add_sweep(f"{number:08}{digest[8:]}", record)
            store.add_accuracy(f"a{number:06}", {"wer": 0.1}, None)
        owners = ((f"o{number:06}", "elsewhere", 5, time.time()) for number in range(ROWS))
        store.database.run_each("INSERT INTO owners VALUES (?, ?, ?, ?)", owners)
        store.database.run_each("INSERT INTO claims VALUES (?, ?)", ((key, f"o{key[1:]}") for key in keys))
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM")
    connection.close()
    return path


def exported(path: Path) -> Any:
    return StoredSweep(path).points.to_csv()


def all_points(path: Path) -> Any:
    return read_points(path).to_csv()


def merged(path: Path) -> Any:
    target = path.with_name("all.sqlite")
    target.unlink(missing_ok=True)
    with Store(target) as into, Store(path, write=False) as source:
        return merge(into, [source])


def claimed(path: Path) -> Any:
    with Store(path) as store:
        return Claims(store).take(["free", "k000001"])


@pytest.mark.parametrize("name", TABLES + INDICES)
@pytest.mark.parametrize("read", [exported, all_points, merged, claimed])
def test_a_reader_gives_what_the_whole_store_gives_or_refuses_it(
    store: Path, name: str, read: Callable[[Path], Any]
) -> None:
    whole = store.read_bytes()
    expected = read(store)
    for shape in SHAPES:
        store.write_bytes(whole)
        pages = Pages(store)
        shape(pages, pages.roots[name])
        pages.write()
        try:
            found = read(store)
        except FileError:
            continue
        assert found == expected, shape.__name__


@pytest.mark.parametrize("name", TABLES + INDICES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_look_at_the_store_finds_it(store: Path, name: str, shape: Callable[[Pages, int], None]) -> None:
    pages = Pages(store)
    shape(pages, pages.roots[name])
    pages.write()
    with suppress(FileError):  # more rows than are looked at
        assert not examined(store).whole


def test_sweeps_without_an_end_are_counted_no_further_than_any_store_has(store: Path) -> None:
    pages = Pages(store)
    a_tower(pages, pages.roots["studies"])
    pages.write()
    with pytest.raises(FileError, match="holds 1,000 or more sweeps"):
        StoredSweep(store)


def test_a_row_that_its_index_does_not_lead_to_is_not_left_out_of_an_export(store: Path) -> None:
    with Store(store, write=False) as opened:
        key = next(outcome.key for _, outcome in opened.all_outcomes() if outcome.key[0] != "k")
    pages = Pages(store)
    index = [pages.roots["sqlite_autoindex_points_1"], *pages.below(pages.roots["sqlite_autoindex_points_1"])]
    for number in index:
        page = pages.page(number)
        page[:] = bytes(page).replace(key.encode(), f"{key[:-1]}~".encode())
    pages.write()
    with pytest.raises(FileError, match=f"the index of its points is damaged: it does not lead to {key}"):
        StoredSweep(store)
