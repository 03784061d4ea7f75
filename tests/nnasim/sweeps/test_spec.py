"""Bad studies: one line that names file, field, value and what is allowed, before the first point runs."""

import pytest

from nnasim.errors import NnasimError

AXIS = {"list": [1, 2]}
CYCLES = "dram.read_latency_cycles"
BIG = 10**350
SPOKEN, TUNED = {"checkpoints": "x", "manifest": "y"}, {"steps": 1, "train": "x", "dev": "y"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speed": 3}, "speed = 3: unknown key, did you mean seed? allowed are base, traces"),
        ({"base": "edge9"}, "base = 'edge9': known are edge256"),
        ({"base": None}, "base: must be given; allowed are base, traces"),
        ({"traces": []}, "traces = []"),
        ({"traces": ["nowhere.json"]}, "nowhere.json: cannot be read"),
        ({"axes": {}}, "axes = {}"),
        ({"axes": {"dram.speed": AXIS}}, "unknown key; allowed are bytes_per_second"),
        ({"axes": {"dram": AXIS}}, "'dram': is a section, name one of its fields: dram.bytes_per_second"),
        ({"axes": {"ram.bytes": AXIS}}, "did you mean"),
        (
            {"axes": {CYCLES: AXIS, "clock_hz": {"list": [1e8, 5e8]}}},
            "axes: dram.read_latency_cycles = 'together with clock_hz': its cycles would be of another clock",
        ),
        ({"axes": {CYCLES: AXIS}, "set": {"clock_hz": 1e9}}, "give dram.read_latency_ns only"),
        ({"axes": {CYCLES: {"list": [1, -2]}}}, "dram.read_latency_cycles = -2: must be a whole number of cycles"),
        ({"constraints": [f"{CYCLES} > 3"]}, "give dram.read_latency_ns only"),
        ({"axes": {"clock_hz.x": AXIS}}, "unknown key"),
        (
            {"axes": {"clock_hz": [1e8, 5e8]}},
            "axes.clock_hz = [100000000.0, 500000000.0]: must be a mapping, such as {l",
        ),
        ({"axes": {"placement.gates": AXIS}}, "allowed are input_quantise"),
        ({"axes": {"placement.argmax": {"list": ["gpu"]}}}, "'gpu': must be cpu or nna"),
        ({"axes": {"system": {"list": ["fast"]}}}, "'fast': must be float or cpu_int8 or"),
        ({"axes": {"host.handoff_us": {"list": []}}}, "an axis must have at least one value"),
        ({"axes": {"host.handoff_us": {"list": [5, 5.0]}}}, "must not have a value twice"),
        ({"axes": {"host.handoff_us": {"list": [5], "range": [1, 2, 3]}}}, "give one of list, range and logrange"),
        ({"axes": {"host.handoff_us": {"range": [9, 5, 3]}}}, "low <= high"),
        ({"axes": {"host.handoff_us": {"range": [5, 9, 0]}}}, "1 to 1,000,000 values"),
        ({"axes": {"sram.bytes": {"range": [1, 9, 3], "multiple": BIG}}}, "at most 9,223,372,036,854,775,808"),
        ({"search": {"prune_frames": BIG}}, "must be a whole number greater than 0 and at most 400,000"),
        ({"accuracy": {**SPOKEN, "limit": BIG}}, "must be a whole number greater than 0 and at most 50,000"),
        ({"accuracy": {**SPOKEN, "finetune": {**TUNED, "seed": BIG}}}, "at least 0 and at most 1,000,000,000"),
        ({"axes": {"host.handoff_us": {"range": [5, 9]}}}, "a grid needs the number of values"),
        ({"axes": {"host.handoff_us": {"logrange": [0, 9, 3]}}}, "must begin above 0"),
        ({"axes": {"host.handoff_us": {"list": [-1]}}}, "-1.0: must be a number of at least 0 and at most"),
        ({"axes": {"host.handoff_us": {"list": ["fast"]}}}, "must be a number"),
        ({"axes": {"numerics.activation": {"list": ["lut9"]}}}, "'lut9': must be 'lut8'"),
        ({"axes": {"numerics.activation": {"range": [1, 2, 3]}}}, "this field is no number: give a list"),
        ({"axes": {"host.handoff_us": AXIS}, "set": {"host.handoff_us": 3}}, "is an axis too"),
        ({"set": {"host.other_load_us": 20}}, "set: host.other_load_us = 20.0: changes nothing on this chip"),
        (
            {"axes": {"mac_array.dataflow": {"list": ["ws", "os"]}}},
            "axes.mac_array.dataflow = ['ws', 'os']: changes nothing on these chips: mac_array.kind is vector",
        ),
        (
            {"axes": {"host.other_load_us": {"range": [1, 9, 3]}}},
            "axes.host.other_load_us = [1.0, 9.0]: changes nothing",
        ),
        ({"set": {"sram.bytes": -1}}, "set.sram.bytes = -1"),
        ({"objectives": ["speed"]}, "'speed': known are engine_latency_ms.p50"),
        ({"objectives": ["wer"]}, "'wer': needs an accuracy section"),
        ({"objectives": ["rtf", "rtf"]}, "must not have a name twice"),
        ({"base": "bare.yaml", "objectives": ["energy_mj"]}, "bare has no energy table"),
        ({"constraints": ["host.handoff_us > 30"]}, "contradict each other: none of 6 points is left"),
        ({"constraints": ["host.handoff > 30"]}, "unknown key"),
        ({"constraints": ["__import__('os')"]}, "must be a comparison"),
        ({"sampler": "halton"}, "sampler = 'halton'"),
        (
            {"axes": {"host.handoff_us": {"range": [0, 1, 2000]}, "clock_hz": {"range": [1, 9, 2000]}}},
            "1,000,000 points",
        ),
    ],
)
def test_a_bad_study_is_one_line(load, changes, message) -> None:
    with pytest.raises(NnasimError) as caught:
        load(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_latency_in_cycles_is_one_in_ns_at_the_bases_clock(load) -> None:
    old, points = load(axes={CYCLES: {"range": [100, 300, 2]}})
    new, same = load(axes={"dram.read_latency_ns": {"list": [200, 600]}})  # edge256 runs at 500 MHz
    assert [old.key(values) for values in points.points()] == [new.key(values) for values in same.points()]
    fixed, _ = load(set={CYCLES: 64})
    assert fixed.base["dram"]["read_latency_ns"] == 128


def test_a_grid_has_every_combination_the_last_axis_turning_fastest(load) -> None:
    _, space = load()
    assert [tuple(values.values()) for values in space.points()] == [
        (1e9, 5.0), (1e9, 20.0), (2e9, 5.0), (2e9, 20.0), (4e9, 5.0), (4e9, 20.0),
    ]  # fmt: skip


def test_constraints_read_axes_and_the_chip(load) -> None:
    _, space = load(constraints=["dram.bytes_per_second / clock_hz <= 4 and not host.handoff_us == 5"])
    assert [tuple(values.values()) for values in space.points()] == [(1e9, 20.0), (2e9, 20.0)]


def test_integer_fields_get_integers_and_multiples(load) -> None:
    _, space = load(axes={"sram.bytes": {"logrange": [100_000, 1_000_000, 4], "multiple": 4096}})
    values = [point["sram.bytes"] for point in space.points()]
    assert all(isinstance(value, int) and value % 4096 == 0 for value in values)
    assert len(values) == 4


@pytest.mark.parametrize("sampler", ["random", "lhs", "sobol", "saltelli"])
def test_samplers_repeat_themselves_and_stay_within_their_axes(load, sampler) -> None:
    spaces = [load(sampler=sampler, points=8, seed=seed)[1] for seed in (1, 1, 2)]
    points, again, other = ([tuple(values.values()) for values in space.points()] for space in spaces)
    assert points == again != other
    assert len(points) == (8 * 4 if sampler == "saltelli" else 8)
    assert all(1e9 <= rate <= 4e9 and handoff in (5.0, 20.0) for rate, handoff in points)


def test_shards_share_the_points_out(load) -> None:
    _, space = load()
    parts = [list(space.points((index, 4))) for index in range(4)]
    assert sorted(str(values) for part in parts for values in part) == sorted(map(str, space.points()))


def test_a_point_has_one_key_however_it_is_written(load) -> None:
    integers, _ = load(axes={"host.handoff_us": {"list": [5, 20]}})
    floats, _ = load(axes={"host.handoff_us": {"list": [5.0]}})
    wider, _ = load(axes={"host.handoff_us": {"list": [5.0]}, "clock_hz": {"list": [5e8]}})
    keys = {
        integers.key({"host.handoff_us": 5.0}),
        floats.key({"host.handoff_us": 5.0}),
        wider.key({"host.handoff_us": 5.0, "clock_hz": 5e8}),  # what the base says anyway
    }
    assert len(keys) == 1
    assert integers.key({"host.handoff_us": 20.0}) not in keys
