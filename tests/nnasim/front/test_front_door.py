"""`import nnasim`: light, lazy, and every example of the documentation works as written."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

import nnasim
from nnasim.errors import ConfigError, NnasimError

NAMES = {
    "preset", "trace", "simulate", "compare", "compare_chips", "sweep", "read_result", "recogniser", "train",
    "validate", "read_torch",
}  # fmt: skip
HEAVY = "{'numpy', 'torch', 'simpy', 'matplotlib', 'pandas', 'scipy'}"


def printed(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_the_verbs_are_there_and_listed() -> None:
    assert set(dir(nnasim)) >= NAMES
    for name in NAMES:
        assert callable(getattr(nnasim, name)), name
        assert getattr(nnasim, name).__doc__


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'simulation'"):
        nnasim.simulation  # noqa: B018


def test_the_import_loads_nothing_heavy_and_a_verb_only_what_it_needs() -> None:
    assert printed(f"import sys, nnasim; print({HEAVY} & set(sys.modules))") == "set()"
    assert printed(f"import sys, nnasim; nnasim.preset('edge256'); print({HEAVY} & set(sys.modules))") == "set()"


def test_verbs_stay_verbs_whatever_was_imported_before() -> None:
    modules = "nnasim.sweeps.job, nnasim.front.traces, nnasim.compiler, nnasim.frames"
    expression = ", ".join(f"callable(nnasim.{name})" for name in sorted(NAMES))
    assert printed(f"import nnasim, {modules}; print({expression})") == " ".join(["True"] * len(NAMES))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dram.bytes_per_second": -5}, "dram.bytes_per_second = -5"),
        ({"dram.bytes_per_secnd": 5}, "dram.bytes_per_secnd"),
        ({"drum.bytes": 5}, "drum"),
        ({"host.handoff_us": "35"}, "host.handoff_us = '35'"),
        ({"mac_array.rows": 8}, "mac_array.rows = 8: changes nothing on this chip"),
    ],
)
def test_a_chip_changes_only_to_what_is_allowed(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        nnasim.preset("edge256").with_(changes)
    assert message in str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nnasim.preset("edge255"),
        lambda: nnasim.trace("rnnt-paper"),
        lambda: nnasim.trace("rnnt-papier", frames=1, symbols=0),
        lambda: nnasim.trace("rnnt-paper", frames=0, symbols=0),
        lambda: nnasim.trace("nowhere.json"),
        lambda: nnasim.simulate("nowhere.json"),
        lambda: nnasim.read_result("nowhere.json"),
        lambda: nnasim.read_comparison("nowhere"),
        lambda: nnasim.read_sweep("nowhere.sqlite"),
        lambda: nnasim.compare_chips({}, "nowhere.json"),
        lambda: nnasim.validate("nowhere.csv"),
        lambda: nnasim.recogniser("nowhere"),
        lambda: nnasim.compare(systems=["flaot"]),
        lambda: nnasim.compare(systems=[]),
        lambda: nnasim.compare(limit=0),
        lambda: nnasim.compare(placement="nowhere"),
        lambda: nnasim.recogniser().decode(system="flaot"),
        lambda: nnasim.recogniser().decode(limit=0),
    ],
)
def test_what_is_wrong_is_one_line_that_speaks_of_no_option(wrong) -> None:
    with pytest.raises(NnasimError) as caught:
        wrong()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert "--" not in message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: nnasim.preset(["edge256"]), "preset: name = ['edge256']: must be a preset's name or a .yaml file"),
        (lambda: nnasim.trace("rnnt-paper", frames="3", symbols=1), "trace: frames = '3': must be a whole number"),
        (
            lambda: nnasim.simulate(3),
            "simulate: trace = 3: must be a trace, the path of a trace file, or a list of them",
        ),
        (lambda: nnasim.compare_chips([3], "t.json"), "compare_chips: chips = [3]: must be a mapping"),
        (lambda: nnasim.sweep("edge256", "t.json", {"host.handoff_us": 10}), "must be a list of values, or a mapping"),
        (
            lambda: nnasim.sweep("edge256", "t.json", {"host.handoff_us": [10]}, seed=3),
            "sweep: seed = 3: is not used by a grid",
        ),
        (
            lambda: nnasim.compare(systems=["float"], placement="ane"),
            "compare: placement = 'ane': is not used without one of naive, aat among the systems",
        ),
        (
            lambda: nnasim.sweep("edge256", "t.json", {}, jobs=10**6),
            "jobs = 1000000: must be a whole number of at least",
        ),
        (lambda: nnasim.compare(systems=["x"]), "compare: systems.0 = 'x': must be 'float'"),
        (lambda: nnasim.recogniser().decode(beam=100), "decode: beam = 100: must be a whole number of at least 1"),
        (lambda: nnasim.preset("edge256").with_(None), "chip: changes = None: must be a mapping"),
        (lambda: nnasim.preset("edge256").with_({3: 4}), "chip: changes = 3: must be the dotted name of a field"),
        (lambda: nnasim.recogniser().decode(""), "decode: manifest = '': must be a path"),
        (
            lambda: nnasim.trace("rnnt-paper", frames=4, symbols=1, system="AAT"),
            "trace: system = 'AAT': must be 'float'",
        ),
        (lambda: nnasim.train("tiny", train="a", dev="b", out="c", gradient="segmnt"), "gradient = 'segmnt': must be"),
        (lambda: nnasim.simulate("t.json", endpointer_ms=-1), "endpointer_ms = -1: must be a number of at least 0"),
        (lambda: nnasim.recogniser().checkpoint("foo"), "checkpoint: system = 'foo': must be"),
        (lambda: nnasim.compare(progress=None), "compare: progress = None: must be a function"),
        (lambda: nnasim.read_torch("model.pt", 1), "read_torch: module = 'model.pt': must be a torch.nn.Module"),
    ],
)
def test_an_argument_of_another_kind_is_named(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        wrong()
    assert message in str(caught.value)


def test_numbers_and_arrays_of_numpy_are_taken_as_pythons() -> None:
    trace = nnasim.trace("rnnt-mlperf", frames=np.int64(4), symbols=np.int32(1))
    chip = nnasim.preset("edge256").with_({"dram.bytes_per_second": np.float64(1e9)})
    swept = nnasim.sweep(chip, trace, {"host.handoff_us": np.array([10.0, 50.0])}, jobs=np.int64(1))
    assert swept.frame()["host.handoff_us"].to_list() == [10, 50]
