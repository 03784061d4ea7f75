import pytest

from nnasim.errors import ConfigError
from nnasim.hardware import load_preset
from nnasim.sweeps.constraints import parse_constraint
from nnasim.sweeps.job import make_job
from nnasim.sweeps.space import Space
from nnasim.sweeps.spec import parse_sweep_file
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES

VALUES = {"a.b": 6, "c": 4.0, "word": "lut8"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a.b > c", True),
        ("a.b * 2 - c == 8", True),
        ("1 < c < a.b", True),
        ("1 < c < 2", False),
        ("word == 'lut8' and a.b % 4 == 2", True),
        ("word != 'lut8' or a.b // 4 == 1", True),
        ("not c >= -1", False),
        ("a.b / (c - 4) > 0", False),  # cannot be computed
        ("word < 3", False),
    ],
)
def test_a_constraint_holds_or_not(text: str, holds: bool) -> None:
    assert parse_constraint(text, "study.yaml").holds(VALUES) is holds


def test_a_constraint_names_its_fields() -> None:
    assert parse_constraint("a.b * c <= a.b", "s").names == ("a.b", "c")


@pytest.mark.parametrize(
    "text",
    ["", "a.b >", "f(c)", "c ** 9", "[c] == 1", "c if 1 else 2", "(lambda: 1)() > 0", "a[0] > 1", "f'{c}' == 1",
     "1e999 > c", "c := 3", "-" * 400 + "c > 1", "(" * 200 + "c" + ")" * 200 + " > 1 +" , "c > 1" + " " * 600],
)  # fmt: skip
def test_nothing_else_is_parsed(text: str) -> None:
    with pytest.raises(ConfigError, match=r"study\.yaml: constraints"):
        parse_constraint(text, "study.yaml")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("1 < 2", "must name a field"), ("'x' != 'y'", "must name a field"), ("True", "must name a field"),
        ("-" * 41 + "c > 1", "must be nested at most 40 levels deep"),
        ("(" * 220 + "c" + ")" * 220 + " > 1", "must be nested at most 40 levels deep"),
        ("c > " + "9" * 401, "must be a comparison"), ("__import__('os') > 1", "must be a comparison"),
    ],
)  # fmt: skip
def test_a_refused_constraint_is_told_what_is_allowed(text: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=rf"study\.yaml: constraints = .*: {allowed}"):
        parse_constraint(text, "study.yaml")


def space_of(sampler: str, constraints: list[str], **axes: list[float]) -> Space:
    named = {name.replace("__", "."): {"range": span} for name, span in axes.items()}
    data = {"base": "edge256", "traces": ["t"], "axes": named, "objectives": ["rtf"], "constraints": constraints}
    data |= {"sampler": sampler, **({} if sampler == "grid" else {"points": 64})}
    spec = parse_sweep_file(data, "study.yaml")
    trace = build_trace(SHAPES["rnnt-mlperf"], 2, 0)
    return Space(make_job(spec, load_preset("edge256").model_dump(mode="json"), (trace,), "study.yaml"), "study.yaml")


@pytest.mark.parametrize("sampler", ["grid", "sobol", "lhs", "random", "saltelli"])
def test_a_constraint_that_nothing_meets_is_found_on_its_own_axes(sampler: str) -> None:
    axes = {"host__handoff_us": [1, 2, 8], "clock_hz": [5e8, 6e8, 8]}
    with pytest.raises(ConfigError, match="contradict each other"):
        space_of(sampler, ["host.handoff_us > 5"], **axes)
    space = space_of(sampler, ["host.handoff_us * clock_hz > 1e8", "sram.bytes > 1"], **axes)
    assert space.job.deciding == ("host.handoff_us", "clock_hz")
    assert sum(1 for _ in space.points()) == space.size


def test_an_axis_that_means_another_field_decides_too() -> None:
    """A latency in cycles is kept in nanoseconds, so what a constraint reads hangs on it."""
    axes = {"dram__read_latency_cycles": [10, 100, 4], "host__handoff_us": [1, 2, 2]}
    space = space_of("grid", ["dram.bytes_per_second > 1"], **axes)
    assert space.job.deciding == ("dram.read_latency_cycles", "host.handoff_us")
    assert len(list(space.points())) == 8
