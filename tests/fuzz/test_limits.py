"""Every row of the manual's table of limits has an attack: what is just over it is refused in one line."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnasim import limits
from tests.attack import attack, refused
from tests.fuzz.limits import chips, models, speech, texts
from tests.fuzz.limits.held import HELD

OVER = {**texts.OVER, **models.OVER, **speech.OVER, **chips.OVER}
ROWS = {f"{row.of}, {row.unit}": row for row in limits.TABLE}


@contextlib.contextmanager
def copied(seeds: Path) -> Iterator[Path]:
    """The seeds, among which hostile files may stand: what they are named is theirs, and goes again."""
    before = set(seeds.rglob("*"))
    hypotheses = (seeds / "compared/hypotheses.csv").read_bytes()
    try:
        yield seeds
    finally:
        for path in sorted(set(seeds.rglob("*")) - before, reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (seeds / "compared/hypotheses.csv").write_bytes(hypotheses)


def words(command: str, number: float) -> list[str]:
    """The words of a command in which N stands for the number."""
    return [word.replace("=N", f"={number}") if word != "N" else str(number) for word in command.split()]


def told(most: float, complaint: str) -> bool:
    """Whether the line says the number, whole, as the manual's table writes it."""
    return re.search(rf"(?<![\d,.]){re.escape(limits.written(most))}(?![\d,]|\.\d)", complaint) is not None


def test_each_row_has_an_attack_and_each_attack_a_row() -> None:
    """Whoever adds a limit adds what is just over it, in tests/fuzz/limits."""
    assert len(ROWS) == len(limits.TABLE)
    assert ROWS.keys() == OVER.keys() | HELD.keys()
    assert not OVER.keys() & HELD.keys()


@pytest.mark.parametrize("name", OVER)
def test_what_is_over_a_limit_is_refused_with_its_field_and_what_is_allowed(
    name: str, seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, most = OVER[name], ROWS[name].most
    beyond = most + 1 if isinstance(most, int) else most * 1.01
    monkeypatch.chdir(seeds)
    with copied(seeds) as folder:
        over.write(folder, beyond)
        complaint = refused(*words(over.command, beyond))
    assert over.field in complaint
    assert told(most, complaint), complaint


@pytest.mark.parametrize("name", [name for name, over in OVER.items() if over.at is not None])
def test_what_is_at_a_limit_passes_it(name: str, seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over, most = OVER[name], ROWS[name].most
    monkeypatch.chdir(seeds)
    with copied(seeds) as folder:
        over.write(folder, most)
        ending = attack(*words(over.command, most))
    assert (ending.code == 2) == bool(over.at), ending
    assert str(over.at) in ending.complaint


@pytest.mark.parametrize("name", HELD)
def test_a_limit_that_refuses_nothing_is_held(name: str, tmp_path: Path) -> None:
    HELD[name](ROWS[name].most, tmp_path)
