"""What a notebook shows of files of strangers: names stay text, and nothing hides, reorders or is run."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import nnasim
from nnasim.errors import NnasimError
from nnasim.ir.io import read_trace, write_record
from tests.nnasim.cli.test_compare_results import TINY
from tests.reports.test_hostile_names import HIDDEN, TYPESET
from workloads.rnnt.builder import build_trace

MARKUP = '</pre></script><img src=x onerror="alert(1)"><b>&amp;\u2028'
NAMES = [HIDDEN, TYPESET, MARKUP]
FREE = ("layer", "preset", "system", "command", "label", "name", "source", "commit", "note", "sentence")
INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u0007\u2028\0]")


class Tags(HTMLParser):
    """What HTML holds that loads or runs something, or that only a hostile name could have opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = [
            name for name, value in attrs if name.startswith("on") or (name in ("src", "href") and value[:1] != "#")
        ]
        if tag in ("script", "img", "iframe", "b", "link", "object") or loads:
            self.refused.append(f"{tag} {attrs}")


def refuse_shown(thing: object) -> None:
    """Assert that neither repr of ``thing`` holds what a hostile name would bring."""
    assert not INVISIBLE.search(repr(thing))
    html = thing._repr_html_()  # type: ignore[attr-defined]
    assert not INVISIBLE.search(html)
    assert Tags(html).refused == []


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("shown")
    trace, chip = build_trace(TINY, 3, 1, system="aat"), nnasim.preset("edge256")
    write_record(folder / "trace.json", trace)
    nnasim.simulate(trace, chip).save(folder / "result.json")
    nnasim.simulate([trace, trace], chip).save(folder / "shared.json")
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("kind", "read"), [("trace", read_trace), ("result", nnasim.read_result), ("shared", nnasim.read_shared)]
)
def test_a_file_of_a_stranger_is_shown_as_text_or_refused(
    files: dict[str, dict[str, Any]], kind: str, read: Callable[[Path], Any], name: str, tmp_path: Path
) -> None:
    shown = 0
    for field in FREE:
        path = tmp_path / f"{field}.json"
        path.write_text(json.dumps(only(field, files[kind], name)))
        try:
            thing = read(path)
        except NnasimError:
            continue
        refuse_shown(thing)
        shown += 1
    assert shown


def only(field: str, data: Any, name: str) -> Any:
    """``data`` with every text in a field of that name replaced."""
    if isinstance(data, dict):
        return {
            key: name if key == field and isinstance(value, str) and value else only(field, value, name)
            for key, value in data.items()
        }
    return [only(field, item, name) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("name", NAMES)
def test_a_chip_and_what_it_explains_show_names_as_text(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name.replace('/', '')}.yaml"
    path.write_text("extends: edge256\n")
    chip = nnasim.preset(path)
    refuse_shown(chip)
    trace = build_trace(TINY, 2, 1, system="aat")
    result = nnasim.simulate(trace, chip)
    refuse_shown(result)
    refuse_shown(result.explain())
    refuse_shown(nnasim.compare_chips({name: chip, "b": nnasim.preset("mcu128")}, trace))


@pytest.fixture
def strange(name: str, tmp_path: Path) -> Path:
    """A path of any ending whose name is a stranger's."""
    return tmp_path / name.replace("/", "").replace("\0", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_sweep_of_a_strangers_chip_shows_its_name_as_text(strange: Path) -> None:
    strange.with_suffix(".yaml").write_text("extends: edge256\n")
    chip = nnasim.preset(strange.with_suffix(".yaml"))
    refuse_shown(nnasim.sweep(chip, build_trace(TINY, 2, 1, system="aat"), {"host.handoff_us": [10, 50]}, jobs=1))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_a_stranger_is_shown_as_text(name: str, strange: Path) -> None:
    pytest.importorskip("onnx")
    from tests.workloads.small_onnx import streaming

    path = streaming(strange.with_suffix(".onnx"), name)
    refuse_shown(nnasim.check_model(path))
    refuse_shown(nnasim.import_model(path, period_ms=10, seconds=0.1))


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_a_stranger_is_shown_as_text(strange: Path) -> None:
    table = strange.with_suffix(".csv")
    table.write_text("M,N,K,measured_us\n1,64,64,65.8\n1,256,256,76.1\n8,512,512,156.0\n")
    refuse_shown(nnasim.fit(table, "edge256", fields=["host.handoff_us"]))
    table.write_text("array_size,M,k_tiles,total_cycles\n8,1,1,34\n8,4,1,74\n")
    refuse_shown(nnasim.validate(table))


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_of_a_stranger_is_shown_as_text(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from nnasim.numerics.activation_units.registry import UNITS
    from tests.nnasim.numerics.rational_unit import RATIONAL

    monkeypatch.setattr(UNITS, "_added", {})
    monkeypatch.setattr(UNITS, "_loaded", {})
    nnasim.add_activation_unit(replace(RATIONAL, name=name))
    chip = nnasim.preset("edge256").with_({"numerics.activation": name})
    refuse_shown(chip)
    refuse_shown(nnasim.activation_unit("tanh", chip))
