"""Records of strangers in which every text that a reader lets be any means something to somebody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import nnasim
from nnasim.ir.io import read_result, read_shared, read_trace, write_record
from tests.attack import attack
from tests.hostile import TEXTS, poisoned
from tests.nnasim.cli.test_compare_results import TINY
from tests.nnasim.front.test_hostile_reprs import INVISIBLE, refuse_shown
from workloads.rnnt.builder import build_trace


class Kind(NamedTuple):
    """``commands``: those that read a FILE of this kind; what they write begins "out"."""

    read: Callable[[Path], object]
    shown: Callable[[Path], object]
    commands: tuple[str, ...]


KINDS = {
    "trace": Kind(read_trace, read_trace, ("simulate FILE --out out.json", "diff FILE trace.json", "explain FILE")),
    "result": Kind(read_result, nnasim.read_result, (
        "report FILE --out out.html", "report FILE result.json --out out.html", "explain FILE", "rerun FILE",
        "compare-results FILE result.json", "check-budget FILE budget.yaml --junit out.xml --markdown out.md")),
    "explained": Kind(read_result, nnasim.read_result, ("report FILE --out out.html", "explain FILE")),
    "shared": Kind(read_shared, nnasim.read_shared, (
        "report FILE --out out.html", "report FILE shared.json --out out.html")),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    trace, chip = build_trace(TINY, 2, 1, system="aat"), nnasim.preset("edge256")
    write_record(folder / "trace.json", trace)
    result = nnasim.simulate(trace, chip)
    result.save(folder / "result.json")
    result.explain(trace).save(folder / "explained.json")
    nnasim.simulate([trace, trace], chip).save(folder / "shared.json")
    (folder / "budget.yaml").write_text("limits: {frame_latency_ms.p99: 5, handoffs: 1000}\n")
    return folder


@pytest.mark.parametrize("first", range(0, len(TEXTS), 10))
@pytest.mark.parametrize("name", KINDS)
def test_each_command_works_on_hostile_names_or_refuses_them_and_shows_nothing_that_hides(
    folder: Path, name: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    kind = KINDS[name]
    assert poisoned(Path(f"{name}.json"), Path("hostile.json"), kind.read, first) > 10
    refuse_shown(kind.shown(Path("hostile.json")))
    for command in kind.commands:
        ending = attack(*command.replace("FILE", "hostile.json").split())
        assert not INVISIBLE.search(ending.printed + ending.complaint)
        for path in folder.glob("out.*"):
            assert path.suffix == ".json" or not INVISIBLE.search(path.read_text()), command
            path.unlink()
