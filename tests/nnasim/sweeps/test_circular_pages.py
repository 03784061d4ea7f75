"""A store whose pages lead back to themselves, or to one page many times over: a walk through it would have no end."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnasim.studies.sweep import prepared, swept
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.local import InlineBackend
from nnasim.sweeps.rescue import examined
from nnasim.sweeps.store import Store
from tests.attack import attack

ROWS = 3000
INTERIOR = (2, 5)  # the first byte of a page that holds the numbers of others, of an index and of a table


class Pages:
    """The pages of a database file, numbered from 1, as bytes that can be changed."""

    def __init__(self, path: Path) -> None:
        self.path, self.data = path, bytearray(path.read_bytes())
        self.size = int.from_bytes(self.data[16:18], "big")
        with sqlite3.connect(path) as connection:
            self.roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
        connection.close()

    def page(self, number: int) -> memoryview:
        return memoryview(self.data)[(number - 1) * self.size : number * self.size]

    def pointers(self, number: int) -> list[int]:
        """The places in the page of the numbers of its children; none in a leaf."""
        page = self.page(number)
        if page[0] not in INTERIOR:
            return []
        cells = [12 + 2 * cell for cell in range(int.from_bytes(page[3:5], "big"))]
        return [*(int.from_bytes(page[at : at + 2], "big") for at in cells), 8]

    def children(self, number: int) -> list[int]:
        page = self.page(number)
        return [int.from_bytes(page[at : at + 4], "big") for at in self.pointers(number)]

    def lead(self, number: int, to: int) -> None:
        """Let the whole interior page lead to the page ``to`` alone."""
        for at in self.pointers(number):
            self.page(number)[at : at + 4] = to.to_bytes(4, "big")

    def below(self, number: int) -> Iterator[int]:
        for child in self.children(number):
            yield child
            yield from self.below(child)

    def write(self) -> None:
        self.path.write_bytes(self.data)


def to_one_leaf(pages: Pages, root: int) -> None:
    """Every child is the first one."""
    pages.lead(root, pages.children(root)[0])


def to_itself(pages: Pages, root: int) -> None:
    """The root is its own child."""
    pages.lead(root, root)


def a_leaf_twice(pages: Pages, root: int) -> None:
    """The second child is the first one, as after one flipped byte."""
    first, at = pages.children(root)[0], pages.pointers(root)[1]
    pages.page(root)[at : at + 4] = first.to_bytes(4, "big")


def a_tower(pages: Pages, root: int) -> None:
    """Each of a dozen levels leads to the next from all its cells: more ways than a computer can walk."""
    *levels, leaf = [page for page in pages.below(root) if not pages.pointers(page)][-13:]
    image = bytes(pages.page(root))
    for level, following in zip([root, *levels], [*levels, leaf], strict=True):
        pages.page(level)[:] = image
        pages.lead(level, following)


@pytest.fixture
def long(write_study: Callable[..., Path], tmp_path: Path) -> tuple[Path, Path]:
    """A sweep file, and the store of it: with so many rows that each table has an interior page."""
    study, path = write_study(), tmp_path / "s.sqlite"
    swept(prepared(study), path, InlineBackend())
    with Store(path) as store, store.transaction():
        some = next(outcome for _, outcome in store.all_outcomes())
        keys = [f"k{number:06}" for number in range(ROWS)]
        store.add("study", (Outcome(key, some.values, some.figures, None, 0.1) for key in keys))
    return study, path


@pytest.mark.parametrize("shape", [to_one_leaf, to_itself, a_leaf_twice, a_tower])
def test_every_command_ends_whatever_the_points_lead_to(
    long: tuple[Path, Path], tmp_path: Path, shape: Callable[[Pages, int], None]
) -> None:
    study, path = long
    pages = Pages(path)
    shape(pages, pages.roots["points"])
    pages.write()
    attack("sweep-export", path, "--out", tmp_path / "e.csv")
    attack("sweep-report", path, "--out", tmp_path / "r.html")
    attack("merge", path, "--into", tmp_path / "all.sqlite")
    assert attack("store", "check", path).code == 1
    rescue = attack("store", "check", path, "--into", tmp_path / "new.sqlite")
    assert rescue.code == 1
    assert examined(tmp_path / "new.sqlite").whole
    damaged = path.read_bytes()
    for command in ("sweep", "search"):
        path.write_bytes(damaged)
        attack(command, study, "--store", path, "--jobs", 1, *(("--trials", 1) if command == "search" else ()))
