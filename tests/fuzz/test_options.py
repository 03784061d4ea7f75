"""An option is used or refused: with another value something else comes out, or a line that names it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nnasim.cli.main import main
from tests.fuzz.options import ELSEWHERE, STUDIES, TRIED
from tests.nnasim.cli.commands import options

ROWS = [(command, flag) for command, (_, changes) in TRIED.items() for flag in changes]
# Of what a command records: its words, and the times that it took.
RECORDED = {"command", "commands", "info", "seconds", "cpu_seconds", "recipe"}
Outcome = tuple[int, str, dict[str, Any]]


def test_every_option_has_a_row() -> None:
    known = {(option.command, option.flag) for option in options() if option.command not in STUDIES}
    assert known - set(ROWS) == {(command, flag) for command, flag in known if flag in ELSEWHERE}
    assert set(ROWS) <= known


@pytest.mark.parametrize(("command", "flag"), ROWS)
def test_another_value_gives_another_outcome_or_is_refused_by_name(command: str, flag: str, seeds: Path) -> None:
    line, changes = TRIED[command]
    beside, _, change = changes[flag].rpartition("|")
    line = beside.strip().removeprefix("=") if beside.startswith("=") else f"{line} {beside}"
    key = flag.strip("-").replace("-", "_")
    before = without(outcome(seeds, f"{command} {line}"), key)
    code, said, _ = after = without(outcome(seeds, f"{command} {line} {change}"), key)
    assert before[0] != 2, before[1]
    assert after != before
    if code == 2:
        values = {word for word in change.split() if not word.startswith("--")}
        assert any(name in said for name in {flag, key, *values}), said


@cache
def outcome(seeds: Path, line: str) -> Outcome:
    """Exit code, words, and the content of the files of a command that runs in the folder of the ``seeds``."""
    out, told = seeds.parent / "OUT", io.StringIO()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    words = line.replace("OUT", str(out)).split()
    with contextlib.chdir(seeds), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        if not Path("../slower.json").exists():
            slower = ["--set", "host.handoff_us=80", "--out", "../slower.json"]
            assert main(["simulate", "small.json", *slower, "--quiet"]) == 0
        code = main(words)
    files = {str(path.relative_to(out)): content(path) for path in sorted(out.rglob("*")) if path.is_file()}
    return code, told.getvalue(), files


def content(path: Path) -> Any:
    """What a file says; None of pages, pictures and times, which repeat it or differ from run to run."""
    if path.suffix == ".json":
        return json.loads(path.read_bytes()) if "manifests" not in path.parent.name else path.read_bytes()
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path)) as store:
            return sorted(store.execute("SELECT key FROM points"))
    if path.name == "log.csv":
        return path.read_text().count("\n")
    return None if path.suffix in (".html", ".svg", ".log") or path.name == ".nnasim" else path.read_bytes()


def without(found: Outcome, key: str) -> Outcome:
    """``found`` without what only records the option ``key``; of files that were written, their content decides."""
    code, said, files = found
    kept = {name: unrecorded(value, key) for name, value in files.items()}
    silent = bool(files) and key not in ("all", "explain_numerics", "dry_run")
    return code, said if code == 2 or not silent else "", kept


def unrecorded(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: unrecorded(part, key) for name, part in value.items() if name not in {key, *RECORDED}}
    return [unrecorded(part, key) for part in value] if isinstance(value, list) else value
