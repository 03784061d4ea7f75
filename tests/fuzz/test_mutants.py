"""Mutants of every kind of file: each is worked on or refused in one line. `python -m tests.fuzz` makes many more."""

import json
import os
import random
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("tflite", reason="tflite is not installed")
pytest.importorskip("optuna", reason="optuna is not installed")

from tests.fuzz.campaign import Log, counted, unguided
from tests.fuzz.judge import CLEAN, Table
from tests.fuzz.readers import READERS, Reader

EXAMPLES = int(os.environ.get("NNASIM_FUZZ_EXAMPLES", "1"))  # of a reader that takes a second
FINDS = sorted((Path(__file__).parent / "finds").iterdir())


@pytest.fixture(scope="module")
def table(seeds: Path) -> Table:
    return Table(seeds)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_seed_is_read_and_its_mutants_are_read_or_refused_in_one_line(
    reader: Reader, table: Table, tmp_path: Path
) -> None:
    """Were a seed refused, its mutants would be for the same reason, and find nothing."""
    verdict = table.judged(reader, table.whole(reader))
    assert (verdict.kind, verdict.why) == ("result", "")
    unguided(reader, max(1, round(EXAMPLES / reader.seconds / 2)), 0, table, log := Log(tmp_path / "log.jsonl"))
    faults = [line for line in map(json.loads, log.path.read_text().splitlines()) if line["kind"] not in CLEAN]
    assert not faults, faults[0]["why"]


@pytest.mark.parametrize("find", FINDS, ids=lambda path: path.name)
def test_what_was_once_found_is_clean(find: Path, table: Table) -> None:
    reader = next(reader for reader in READERS if reader.name.replace(" ", "-") == find.name.partition(".")[0])
    verdict = table.judged(reader, find.read_bytes())
    assert verdict.kind in CLEAN, verdict.why


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_equal_seeds_of_chance_make_equal_mutants_and_most_are_none_of_the_whole(reader: Reader, table: Table) -> None:
    whole = table.whole(reader)
    first, second = ([reader.mutate(whole, random.Random(f"{reader.name} {n}")) for n in range(20)] for _ in range(2))
    assert first == second
    assert sum(mutant != whole for mutant in first) > 10


def test_a_fault_is_kept_and_counted(tmp_path: Path) -> None:
    from tests.fuzz.judge import Verdict

    log = Log(tmp_path / "log.jsonl")
    log.add(READERS[0], b"whole", Verdict("result", "", 0.1))
    log.add(READERS[0], b"hostile", Verdict("fault", "ValueError: x", 0.1))
    assert counted(log.path) == {READERS[0].name: {"result": 1, "fault": 1}}
    (kept,) = tmp_path.glob(f"{READERS[0].name}.*")
    assert kept.read_bytes() == b"hostile"


def test_a_costly_refusal_is_told_by_its_work_whatever_the_machine(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds are a campaign's: this test's endings are the same on a busy machine and on a slow one."""
    reader = READERS[0]
    monkeypatch.setattr("tests.fuzz.judge.REFUSAL_S", 0)
    assert table.judged(reader, b"[]").kind == "refusal"
    monkeypatch.setattr("tests.fuzz.judge.REFUSAL_CALLS", 100)
    assert table.judged(reader, b"[]").kind == "costly"
