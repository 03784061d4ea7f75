"""Mutants of whole files: each is worked on or refused in one line. NNASIM_FUZZ_EXAMPLES=100000 runs for an hour.

NNASIM_FUZZ_EXAMPLES=100000 pytest tests/fuzz
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnasim.cli.main import main
from tests.attack import attack

EXAMPLES = int(os.environ.get("NNASIM_FUZZ_EXAMPLES", "5"))
MANY = settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 100,
                suppress_health_check=list(HealthCheck))  # fmt: skip
ABSURD = st.sampled_from(
    [None, True, 0, -1, 1, 2**31, 2**62, 2**63, 10**30, 10**350, 1e-300, -1e300, 1e300, "", "x", "\u202e", "\0",
     "../..", "$\\frac{", [], {}, [[]], [1e300] * 50, {"a": 1}]
)  # fmt: skip


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace and its result."""
    folder = tmp_path_factory.mktemp("seeds")
    shape = ["trace", "--shape", "rnnt-mlperf", "--frames", "2", "--symbols", "1"]
    assert main([*shape, "--out", str(folder / "trace.json")]) == 0
    assert main(["simulate", str(folder / "trace.json"), "--out", str(folder / "result.json"), "--quiet"]) == 0
    return folder


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value within ``data``."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@st.composite
def mutants(draw: st.DrawFn, data: Any) -> str:
    """``data`` as JSON after one to three changes: a value replaced, removed, or taken from elsewhere in it."""
    changed = json.loads(json.dumps(data))
    for _ in range(draw(st.integers(1, 3))):
        ways = places(changed)[1:]
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        holder = changed
        for key in way:
            holder = holder[key]
        match draw(st.sampled_from(["absurd", "removed", "moved"])):
            case "absurd":
                holder[last] = draw(ABSURD)
            case "removed":
                del holder[last]
            case _:
                other = changed
                for key in draw(st.sampled_from(ways)):
                    other = other[key]
                holder[last] = json.loads(json.dumps(other))
    return json.dumps(changed)


@MANY
@given(data=st.data())
def test_mutants_of_a_trace(seeds: Path, data: st.DataObject) -> None:
    mutant = seeds / "mutant.json"
    mutant.write_text(data.draw(mutants(json.loads((seeds / "trace.json").read_text()))))
    attack("simulate", mutant, "--out", seeds / "r.json", "--force", "--quiet")


@MANY
@given(data=st.data())
def test_mutants_of_a_result(seeds: Path, data: st.DataObject) -> None:
    mutant = seeds / "mutant.json"
    mutant.write_text(data.draw(mutants(json.loads((seeds / "result.json").read_text()))))
    attack("report", mutant, "--out", seeds / "page.html", "--force")


@MANY
@given(text=st.binary(max_size=200), place=st.floats(0, 1))
def test_mutants_of_bytes(seeds: Path, text: bytes, place: float) -> None:
    whole = (seeds / "trace.json").read_bytes()
    cut = int(place * len(whole))
    (seeds / "mutant.json").write_bytes(whole[:cut] + text + whole[cut + len(text) :])
    attack("simulate", seeds / "mutant.json", "--out", seeds / "r.json", "--force", "--quiet")
