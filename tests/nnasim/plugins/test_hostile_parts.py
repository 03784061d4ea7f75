"""What a package's part does wrong is one line that names it: its import, its type, its answers, what it raises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from nnasim.errors import NnasimError
from nnasim.hardware.kinds import FAMILIES, MODELS
from nnasim.ir.io import write_record
from nnasim.numerics.activation import build_unit, unit_kind
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.numerics.config import NumericsConfig
from nnasim.sweeps.objectives import ADDED
from tests.attack import refused
from tests.nnasim.cli.test_compare_results import TINY
from tests.nnasim.installed import install
from workloads.rnnt.builder import build_trace

PACKAGES = count()
ARRAY = """
from nnasim.hardware.mac_arrays.law import MacArrayLaw
class Odd(MacArrayLaw):
    READS = frozenset({"rows", "cols"})
    output_granule = 8
    def cycles(self, tile): return 10
"""
DRAM = """
from nnasim.hardware.drams.steady import SteadyDram
class Odd(SteadyDram):
    replay_is_exact = False
"""
UNIT = """
import numpy as np
from nnasim.numerics.activation import Table, UnitKind
def tables(config): return (Table("t", 4, 16),)
def build(function, config, r): return {"t": np.zeros(4, np.int16)}
def apply(unit, x): return x
more = {}
%s
Odd = UnitKind("odd", apply, tables=tables, build=build, **more)
"""
Give = Callable[[str, str], None]


def whose(group: str) -> str:
    return rf"the entry point odd of nnasim\.{group} \(hostile\d+ 1\.2\)"


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Give:
    """Install a package with ``code`` whose ``Odd`` is the part "odd" of a group."""

    def give(group: str, code: str) -> None:
        for parts in (FAMILIES, MODELS, UNITS, ADDED):
            monkeypatch.setattr(parts, "_loaded", {})
        (folder := tmp_path / "site-packages").mkdir()
        package = f"hostile{next(PACKAGES)}"
        monkeypatch.syspath_prepend(install(folder, package, code, {f"nnasim.{group}": "odd = Odd"}))

    return give


@pytest.fixture
def line(tmp_path: Path) -> Callable[[str], str]:
    """The line with which a simulation on a chip with one field changed is refused."""

    def line(change: str) -> str:
        write_record(tmp_path / "t.json", build_trace(TINY, 2, 1, system="aat"))
        nothing_idle = ("--set", "mac_array.decoded_weights_per_cycle=null")
        return refused("simulate", tmp_path / "t.json", "--set", change, *nothing_idle, "--out", tmp_path / "r.json")

    return line


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("class Bad(BaseException): pass\nraise Bad", " cannot be loaded: .*Bad"),
        (r"raise ValueError('a\nb\x1b[2J\u202e')", " cannot be loaded: .*ValueError"),
        ("class M(type):\n def __getattr__(c, n): 1 / 0\nclass Odd(metaclass=M): pass", " cannot be loaded: .*ZeroD"),
        ("class M(type):\n def __repr__(c): 1 / 0\nclass Odd(metaclass=M): pass", " is <M>, which has no Parameters"),
        ("class Odd: Parameters = cycles = output_granule = bound_cycles = 3", " must be a subclass of MacArrayLaw"),
        ("from nnasim.hardware.mac_arrays.law import MacArrayLaw\nclass Odd(MacArrayLaw): pass", " lacks cycles, out"),
        (f"{ARRAY}    READS = 3", ": READS must be a set of names of fields"),
        (f"{ARRAY}    Parameters = dict", ": Parameters must be a subclass of Record"),
        (f"{ARRAY}    __doc__ = 3", ": its docstring must be a text"),
        (f"{ARRAY}    def __init__(self, config): 1 / 0", " failed: .*ZeroDivisionError"),
        (f"{ARRAY}    def __init__(self, config): pass", ": macs_per_cycle = None: must be a whole number of"),
        (f"{ARRAY}    weights_per_cycle = 0", ": weights_per_cycle = 0: must be a number above 0"),
        (f"{ARRAY}    output_granule = 0", ": output_granule = 0: must be a whole number of at least 1"),
        (f"{ARRAY}    output_granule = float('nan')", ": output_granule = nan: must be a whole number"),
        (f"{ARRAY}    output_granule = 'x'", ": output_granule = 'x': must be a whole number"),
        (f"{ARRAY}    def bound_cycles(self, t): return float('nan')", ": bound_cycles of m=.* = nan: must be a numb"),
        (f"{ARRAY}    def cycles(self, tile): return -1", r": cycles of m=\d+ n=\d+ k=\d+ = -1: must be a whole"),
        (f"{ARRAY}    def cycles(self, tile): return float('nan')", ": cycles of m=.* = nan: must be a whole number"),
        (f"{ARRAY}    def cycles(self, tile): return 2.5", ": cycles of m=.* = 2.5: must be a whole number"),
        (f"{ARRAY}    def cycles(self, tile): return 10**400", ": cycles of m=.* must be a whole number of at least"),
        (f"{ARRAY}    def cycles(self, tile): return None", ": cycles of m=.* = None: must be a whole number"),
        (f"{ARRAY}    def cycles(self, tile): 1 / 0", " failed: .*ZeroDivisionError"),
        (f"{ARRAY}    def cycles(self, tile): raise SystemExit(3)", r" failed: .*SystemExit\(3\)"),
        (f"{ARRAY}    def cycles(self, tile): return self.cycles(tile)", " failed: .*RecursionError"),
        (f"{ARRAY}    def cycles(self, tile): open('/no/such/table')", " failed: .*FileNotFoundError"),
    ],
)  # fmt: skip
def test_a_mac_array(code: str, why: str, give: Give, line: Callable[[str], str]) -> None:
    give("mac_arrays", code)
    assert re.search(whose("mac_arrays") + why, line("mac_array.kind=odd"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("from nnasim.hardware.mac_arrays.law import OldLaw as Odd", " cannot be loaded: .*OldLaw"),
        ("import nnasim.hardware.old_arrays as Odd", " cannot be loaded: .*old_arrays"),
        ("from nnasim.hardware.mac_arrays.law import MacArrayLaw", " cannot be loaded: .*Odd"),
        ("def Odd(config): return 10", " is <function Odd .*, which has no Parameters"),
        (f"{ARRAY}    def cycles(self): return 10", r": cycles\(self\) cannot be called with one argument"),
        (f"{ARRAY}    def cycles(self, m, n): return 10", r": cycles\(self, m, n\) cannot be called with one argument"),
        (f"{ARRAY}    def cycles(self, *, tile): return 10", r": cycles\(self, \*, tile\) cannot be"),
        (f"{ARRAY}    cycles = 3", ": cycles = 3: must be a function"),
        (f"{ARRAY}    def __init__(self, config, old): pass", r": __init__\(self, config, old\) cannot be called"),
        (f"{ARRAY}    def grouped_cycles(self): return 1", r": grouped_cycles\(self\) cannot be called with one"),
        (f"{ARRAY}    def bound_cycles(self): return 1", r": bound_cycles\(self\) cannot be called with one argument"),
        (f"{ARRAY}    def output_granule(self): return 8", ": output_granule = .*: must be a whole number"),
        (f"{ARRAY}    __init_subclass__ = 3", " must let classes be made of it: .*'int' object is not callable"),
    ],
)  # fmt: skip
def test_a_mac_array_for_another_version(code: str, why: str, give: Give, line: Callable[[str], str]) -> None:
    give("mac_arrays", code)
    assert re.search(whose("mac_arrays") + why, line("mac_array.kind=odd"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("of = staticmethod(lambda config: None)", r": of\(config\) cannot be called with two arguments"),
        ("of = 3", ": of = 3: must be a function"),
        ("def first_byte(self): return 3", r": first_byte\(self\) cannot be called with one argument"),
        ("bus_bytes = None", ": bus_bytes = None: must be a function"),
        ("def open_cycles(self, since): return 3", r": open_cycles\(self, since\) cannot be called with two"),
        ("def end(self, *, since, cycles): return 3", r": end\(self, \*, since, cycles\) cannot be called with two"),
        ("idle = staticmethod(lambda: {})", r": idle\(\) cannot be called with one argument"),
        ("replay_is_exact = None", ": replay_is_exact must be True or False"),
    ],
)  # fmt: skip
def test_a_dram_for_another_version(code: str, why: str, give: Give, line: Callable[[str], str]) -> None:
    give("drams", f"{DRAM}    {code}")
    assert re.search(whose("drams") + why, line("dram.model=odd"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("more = {'colour': 3}", " cannot be loaded: .*colour"),
        ("def apply(x): return x", r": apply\(x\) cannot be called with two arguments"),
        ("def tables(): return ()", r": tables\(\) cannot be called with one argument"),
        ("def build(function): return {}", r": build\(function\) cannot be called with three arguments"),
        ("more = {'check': lambda data: None}", r": check\(data\) cannot be called with two arguments"),
        ("more = {'slope': 3}", ": slope = 3: must be a function"),
    ],
)  # fmt: skip
def test_an_activation_unit_for_another_version(code: str, why: str, give: Give) -> None:
    give("activation", UNIT % code)
    with pytest.raises(ValueError, match=whose("activation") + why):
        UNITS.get("odd")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("Objective('', 'x')", " cannot be loaded: .*figure"),
        ("Objective('', 'x', len, 3)", " cannot be loaded: .*TypeError"),
        ("Objective('', 'x', lambda results: 1.0)", r": figure\(results\) cannot be called with two arguments"),
        ("('', 'x', len)", " is .*, which has no unit"),
    ],
)  # fmt: skip
def test_an_objective_for_another_version(code: str, why: str, give: Give) -> None:
    give("objectives", f"from nnasim.sweeps.objectives import Objective\nOdd = {code}")
    with pytest.raises(ValueError, match=whose("objectives") + why):
        ADDED.get("odd")


HIDING = """
class Hiding(%s):
    def __repr__(self): 1 / 0
    __str__ = __repr__
"""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (f"class End(BaseException): pass\n{ARRAY}    def cycles(self, tile): raise End", " failed: .*End"),
        (f"{ARRAY}    def cycles(self, tile): raise GeneratorExit", " failed: .*GeneratorExit"),
        (f"{ARRAY}    def cycles(self, tile): raise StopIteration", " failed: .*StopIteration"),
        (f"{ARRAY}    def cycles(self, tile): yield 3", ": cycles of m=.* = .*generator.*: must be a whole number"),
        (f"{HIDING % ''}{ARRAY}    def cycles(self, tile): return Hiding()", ": cycles of m=.* = <Hiding>: must"),
        (f"{HIDING % 'Exception'}{ARRAY}    def cycles(self, tile): raise Hiding", " failed: <Hiding>"),
        (f"{HIDING % 'Exception'}raise Hiding", " cannot be loaded: <Hiding>"),
    ],
)  # fmt: skip
def test_what_it_raises_or_hides_is_one_line(code: str, why: str, give: Give, line: Callable[[str], str]) -> None:
    give("mac_arrays", code)
    assert re.search(whose("mac_arrays") + why, line("mac_array.kind=odd"))


def test_what_it_prints_amid_a_run_is_none_of_the_output(give: Give, tmp_path: Path) -> None:
    """In a process of its own, whose standard output is one."""
    give("mac_arrays", ARRAY.replace("return 10", "print('noise'); return 10"))
    write_record(tmp_path / "t.json", build_trace(TINY, 2, 1, system="aat"))
    changes = ("--set", "mac_array.kind=odd", "--set", "mac_array.decoded_weights_per_cycle=null")
    words = ("simulate", "t.json", *changes, "--out", "r.json", "--json", "-")
    paths = os.pathsep.join([str(tmp_path / "site-packages"), str(Path(__file__).parents[3])])
    call = [sys.executable, "-m", "nnasim", *words]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)
    assert set(done.stderr.splitlines()) == {"noise"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("replay_is_exact = 'x'", ": replay_is_exact must be True or False"),
        ("of = staticmethod(lambda *given: None)", ": of = None: must make an instance of the class"),
        ("bytes_per_cycle = property(lambda self: 0, lambda self, value: None)", ": bytes_per_cycle = 0: must be"),
        ("latency_cycles = property(lambda self: 2.5, lambda self, value: None)", r": latency_cycles = 2\.5: must"),
        ("idle = staticmethod(lambda config: {'a': 3})", ": idle = {'a': 3}: must be fields of dram"),
        ("def first_byte(self, asked): return asked - 1", r": first_byte\(\d+\) = -?\d+: must be a whole numb"),
        ("def bus_bytes(self, bytes): return 0", r": bus_bytes\(\d+\) = 0: must be a whole number of at least"),
        ("def open_cycles(self, since, until): return 0", r": end\(\d+, \d+\) = \d+: until then the bus is open"),
        ("def open_cycles(self, since, until): return -5", r": open_cycles\(\d+, \d+\) = -5: must be a whole"),
        ("def end(self, since, cycles): return since", r": end\(\d+, \d+\) = \d+: must be a whole number of at least"),
        ("def end(self, since, cycles): return 'x'", r": end\(\d+, \d+\) = 'x': must be a whole number"),
        ("def end(self, since, cycles): 1 / 0", " failed: .*ZeroDivisionError"),
    ],
)  # fmt: skip
def test_a_dram(code: str, why: str, give: Give, line: Callable[[str], str]) -> None:
    give("drams", f"{DRAM}    {code}")
    assert re.search(whose("drams") + why, line("dram.model=odd"))


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("more = {'input_bits': 12}", ": input_bits and output_bits must be 8 or 16"),
        ("more = {'input_frac': 5000}", ": input_frac must be a whole number of at least -16"),
        ("def tables(config): return None", ": tables = None: must be a tuple of Tables"),
        ("def tables(config): return (Table('t', 10**15, 16),)", ": tables = .*: must be a tuple of Tables"),
        ("def tables(config): return (Table('t', 4, 99),)", ": tables = .*: must be a tuple of Tables"),
        ("def tables(config): return (Table('t', 4, 16),) * 2", ": tables = .*: must be a tuple of Tables"),
        ("def build(*given): return None", ": build = None: must be a dictionary"),
        ("def build(*given): return {'t': np.zeros(5, np.int16)}", r"t = \(5,\): odd needs 4 entries"),
        ("def build(*given): return {'t': np.full(4, np.nan)}", "t = 'float64': must hold integers"),
        ("def build(*given): return {'t': np.full(4, 10**6)}", "t = 1000000: "),
        ("def build(*given): return {'t': np.array([None] * 4)}", "t = 'object': must hold integers"),
        ("def build(*given): return {'t': np.zeros(4, int), 'u': 1}", ": build = 'u': is not one of its tables"),
        ("def apply(unit, x): return None", ": apply = None: must be integers of the shape and type of its input"),
        ("def apply(unit, x): return x * 0.5", ": apply = .*: must be integers of the shape and type of its input"),
        ("def apply(unit, x): return x[:1]", ": apply = .*: must be integers of the shape and type of its input"),
        ("def apply(unit, x): return x * 9", ": apply = -?294912: must fit into the 16 bits of output_bits"),
    ],
)  # fmt: skip
def test_an_activation_unit(code: str, why: str, give: Give) -> None:
    """One whose tables are wrong is told as other tables are: by layer and table, and the unit's name."""
    give("activation", UNIT % code)
    with pytest.raises(NnasimError) as error:
        build_unit("tanh", NumericsConfig(activation="odd"), in_scale=2.0**-12, table_range=8.0).expand(16)
    assert re.search(why if "needs" in why or "t =" in why else whose("activation") + why, str(error.value))


def test_a_unit_that_is_right_is_what_it_was(give: Give) -> None:
    give("activation", UNIT % "")
    unit = build_unit("tanh", NumericsConfig(activation="odd"), in_scale=2.0**-12, table_range=8.0)
    assert unit.kind is unit_kind("odd")
    assert np.array_equal(unit.expand(16), np.arange(-(1 << 15), 1 << 15))


@pytest.mark.parametrize("code", ["1, 'x', len", "'', None, len", "'', 'x', None"])
def test_an_objective_of_other_types(code: str, give: Give) -> None:
    give("objectives", f"from nnasim.sweeps.objectives import Objective\nOdd = Objective({code})")
    with pytest.raises(ValueError, match=whose("objectives")):
        ADDED.get("odd")


def test_a_defect_while_a_package_is_in_use_names_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nnasim.cli import last_net

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where the report goes
    monkeypatch.setattr(last_net, "IN_USE", {"kiln": "the entry point odd of nnasim.drams (kiln 1.2)"})
    line = last_net.caught(ValueError("x"), [])
    assert line.startswith("a defect of nnasim, or of the entry point odd of nnasim.drams (kiln 1.2), please report it")


def test_a_name_that_two_packages_give_is_refused_with_both(
    give: Give, line: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "more").mkdir()
    monkeypatch.syspath_prepend(install(folder, "rival", ARRAY, {"nnasim.mac_arrays": "odd = Odd"}))
    give("mac_arrays", ARRAY)
    complaint = line("mac_array.kind=odd")
    assert "has a name that" in complaint
    assert "rival 1.2" in complaint
    assert re.search(r"hostile\d+ 1\.2", complaint)


def test_what_a_package_prints_while_it_is_imported_is_none_of_the_output(
    give: Give, capsys: pytest.CaptureFixture[str]
) -> None:
    give("mac_arrays", f"print('noise')\n{ARRAY}")
    FAMILIES.get("odd")
    assert capsys.readouterr() == ("", "noise\n")


@pytest.mark.parametrize(
    "code", ["import sys\nsys.exit()", "import os, signal\nraise SystemExit('x\\ny')", "import no_such"]
)
def test_an_import_that_ends_the_process_ends_in_a_line(code: str, give: Give, line: Callable[[str], str]) -> None:
    give("mac_arrays", code)
    assert re.search(whose("mac_arrays") + " cannot be loaded: ", line("mac_array.kind=odd"))
