"""Names from files on a page: nothing in them hides, reorders, is run, or is typeset."""

import json
import re
from pathlib import Path

import pytest

from nnasim.cli.main import main
from tests.attack import attack

HIDDEN = "aat\u202egnp.exe\u2066\u200b\u0007"
TYPESET = "a$\\frac{$^{{_b$ <script>alert(1)</script> {{7*7}} ]]> \u2028"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("named")
    trace = folder / "t.json"
    assert main(["trace", "--shape", "rnnt-mlperf", "--frames", "2", "--symbols", "1", "--out", str(trace)]) == 0
    assert main(["simulate", str(trace), "--out", str(folder / "r.json"), "--quiet"]) == 0
    return folder / "r.json"


def named(data: object, name: str) -> object:
    """``data`` with the names of its operations, layers and chip replaced."""
    if isinstance(data, dict):
        return {
            key: name if key in ("layer", "preset") and value else named(value, name) for key, value in data.items()
        }
    return [named(item, name) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("name", [HIDDEN, TYPESET])
def test_a_page_shows_hostile_names_and_nothing_else_of_them(result: Path, tmp_path: Path, name: str) -> None:
    data = named(json.loads(result.read_text()), name)
    data["system"] = name
    paths = [tmp_path / f"{n}.json" for n in range(2)]
    for path in paths:
        path.write_text(json.dumps(data))
    ending = attack("report", *paths, "--out", tmp_path / "page.html")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u0007\u2028]", ending.printed + ending.complaint)
    if ending.code == 0:
        page = (tmp_path / "page.html").read_text()
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u0007\u2028]", page)
        assert "<script>alert" not in page
