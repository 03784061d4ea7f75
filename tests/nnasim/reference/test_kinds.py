"""Each kind of operation of a model from anywhere, put together by hand from plain arrays and ``nnasim.numerics``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nnasim.errors import NumericsError, TraceError
from nnasim.numerics.conv import conv
from nnasim.numerics.layer_norm import layer_norm
from nnasim.numerics.rescale import Rescale, power_of_two, requantise
from nnasim.numerics.softmax import POWERS, softmax, softmax_scale
from nnasim.numerics.tables import table_of
from nnasim.reference import Reference
from tests.nnasim.ir.foreign_traces import TraceBuilder

Arrays = Mapping[str, np.ndarray]


def rows(*scales: Rescale) -> np.ndarray:
    """Scales as a weights file holds them, channel by channel where they have any."""
    pairs = [np.stack([scale.mult.reshape(-1), scale.shift.reshape(-1)], -1) for scale in scales]
    return np.concatenate(pairs)


def integers(seed: int, *shape: int, bits: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)


def after(build: TraceBuilder, constants: Arrays, *calls: Arrays) -> Reference:
    """The reference once it has heard ``calls``, each a value for every tensor that it names."""
    reference = Reference(build.trace(), constants)
    for values in calls:
        reference.tensors.update(values)
        reference.run("step")
    return reference


def given(*tensors: tuple[str, tuple[int, ...]], bits: int = 8) -> TraceBuilder:
    """A builder with int8 inputs that need no quantising."""
    build = TraceBuilder()
    for name, shape in tensors:
        build.tensor(name, *shape, bits=bits, role="input")
    return build


def test_a_convolution_of_channels_by_time_is_requantised_channel_by_channel() -> None:
    build = given(("x", (4, 9)))
    build.conv("c", "x", 6, (3,), stride=(2,), groups=2, pads=(1, 2), out="y")
    scale = Rescale.of(np.linspace(0.001, 0.006, 6))
    weight, bias, x = integers(1, 6, 2, 3), integers(2, 6, bits=12), integers(3, 4, 9)
    out = after(build, {"c.w": weight, "c.b": bias, "y/requantise.rescale": rows(scale)}, {"x": x}).tensors["y"]
    acc = conv(x, weight, bias, stride=(2,), dilation=(1,), pads=(1, 2), groups=2)
    np.testing.assert_array_equal(out, requantise(acc.T, scale, 8).T)
    assert out.shape == (6, 5)
    assert len(np.unique(out)) > 10


def test_a_product_of_computed_operands_is_one_for_each_of_the_batch() -> None:
    build = given(("q", (2, 3, 5)), ("k", (2, 4, 5)))
    build.bmm("scores", "q", "k", (2, 3, 4), transpose_b=True, out="y")
    q, k = integers(1, 2, 3, 5), integers(2, 2, 4, 5)
    out = after(build, {"y/requantise.rescale": rows(power_of_two(-9))}, {"q": q, "k": k}).tensors["y"]
    np.testing.assert_array_equal(out, requantise(np.einsum("bmk,bnk->bmn", q, k), power_of_two(-9), 8))


@pytest.mark.parametrize("subtract", [False, True])
def test_a_residual_sum_has_a_scale_for_each_operand(subtract: bool) -> None:
    """Version 1 could say one scale alone, that of the sum."""
    build = given(("a", (3, 4)), ("b", (3, 4)))
    build.op("sum", "add", ["a", "b"], build.tensor("y", 3, 4, role="output"), subtract=subtract)
    scales = power_of_two(10), Rescale.of(700.0), Rescale.of(0.6 / 1024)
    a, b = integers(1, 3, 4), integers(2, 3, 4)
    out = after(build, {"sum.rescale": rows(*scales)}, {"a": a, "b": b}).tensors["y"]
    total = a * 1024 + (-1 if subtract else 1) * requantise(b, scales[1], 32)
    np.testing.assert_array_equal(out, requantise(total, scales[2], 8))
    assert not np.array_equal(out, requantise(a - b if subtract else a + b, scales[2], 8))


def test_a_sum_with_one_row_or_none_lies_in_a_common_domain_already() -> None:
    build = given(("a", (3,)), ("b", (3,)))
    build.op("scaled", "add", ["a", "b"], build.tensor("y", 3, role="output"))
    build.op("plain", "add", ["a", "b"], build.tensor("z", 3, role="output"), subtract=True)
    values = {"a": np.array([100, -100, 7]), "b": np.array([100, 100, 8])}
    reference = after(build, {"scaled.rescale": rows(power_of_two(-1))}, values)
    assert reference.tensors["y"].tolist() == [100, 0, 8]
    assert reference.tensors["z"].tolist() == [0, -128, -1]


def test_sums_and_products_stretch_where_they_are_told() -> None:
    build = given(("a", (2, 3)), ("b", (2, 1)))
    build.op("sum", "add", ["a", "b"], build.tensor("y", 2, 3, role="output"), broadcast=True)
    build.op("scale", "mul", ["a", "b"], build.tensor("z", 2, 3, role="output"), broadcast=True)
    values = {"a": np.arange(6).reshape(2, 3), "b": np.array([[10], [-10]])}
    reference = after(build, {"scale.rescale": rows(power_of_two(0))}, values)
    assert reference.tensors["y"].tolist() == [[10, 11, 12], [-7, -6, -5]]
    assert reference.tensors["z"].tolist() == [[0, 10, 20], [-30, -40, -50]]


class TestTables:
    def test_of_int8_needs_no_scales(self) -> None:
        build = given(("x", (300,)))
        build.op("f", "table", ["x", build.tensor("f.t", 256, role="table")], build.tensor("y", 300, role="output"))
        table, x = integers(1, 256), integers(2, 300)
        np.testing.assert_array_equal(after(build, {"f.t": table}, {"x": x}).tensors["y"], table[x + 128])

    def test_of_int16_is_interpolated_between_scales(self) -> None:
        build = given(("x", (300,)), bits=32)
        table = build.tensor("f.t", 513, bits=16, role="table")
        build.op("f", "table", ["x", table], build.tensor("y", 300, role="output"), function="Silu")
        entries = table_of(lambda v: v / (1 + np.exp(-v)), 16, 2.0**-12, 2.0**-12)
        x = integers(3, 300, bits=18)
        constants = {"f.t": entries, "f.rescale": rows(power_of_two(-2), power_of_two(-8))}
        real = np.clip(x * 2.0**-14, -8, 8)
        out = after(build, constants, {"x": x}).tensors["y"]
        np.testing.assert_allclose(out, np.clip(real / (1 + np.exp(-real)) * 16, -128, 127), atol=0.55)

    def test_without_one_nothing_is_computed(self) -> None:
        build = given(("x", (3,)))
        build.op("f", "table", ["x"], build.tensor("y", 3, role="output"))
        with pytest.raises(TraceError, match=r"weights: f = None: a table operation .* this one reads none"):
            after(build, {}, {"x": np.zeros(3, int)})

    def test_more_bits_than_the_output_has_must_be_scaled(self) -> None:
        build = given(("x", (3,)))
        table = build.tensor("f.t", 513, bits=16, role="table")
        build.op("f", "table", ["x", table], build.tensor("y", 3, role="output"))
        with pytest.raises(TraceError, match=r"f\.rescale = 0: must be 2 rows, since the table makes 16 bits"):
            after(build, {"f.t": np.zeros(513, int)}, {"x": np.zeros(3, int)})


@pytest.mark.parametrize("stored", [False, True])
def test_softmax_works_along_its_axis_by_its_table_or_its_own(stored: bool) -> None:
    build = given(("x", (3, 4)))
    table = [build.tensor("s.t", 129, bits=16, role="table")] if stored else []
    build.op("s", "softmax", ["x", *table], build.tensor("y", 3, 4, role="output"), axis=0)
    scale, x = softmax_scale(0.02, build.trace().numerics), integers(1, 3, 4)
    constants = {"s.rescale": rows(scale)} | ({"s.t": POWERS} if stored else {})
    out = after(build, constants, {"x": x}).tensors["y"]
    np.testing.assert_array_equal(out, softmax(x.T, scale, 8).T)


def test_layer_norm_has_a_bias_and_an_axis() -> None:
    build = given(("x", (5, 3)), bits=16)
    gain, bias = build.tensor("n.g", 5, bits=16, role="bias"), build.tensor("n.b", 5, bits=32, role="bias")
    build.op("n", "layer_norm", ["x", gain, bias], build.tensor("y", 5, 3, bits=32, role="output"), axis=0)
    x, g, b = integers(1, 5, 3, bits=16), integers(2, 5, bits=14), integers(3, 5, bits=14)
    out = after(build, {"n.g": g, "n.b": b}, {"x": x}).tensors["y"]
    np.testing.assert_array_equal(out, layer_norm(x.T, g).T + b[:, None])


def test_layer_norm_leaves_the_gate_domain_where_it_has_a_scale() -> None:
    build = given(("x", (3, 5)))
    gain = build.tensor("g", 5, bits=16, role="bias")
    build.op("n", "layer_norm", ["x", gain], build.tensor("y", 3, 5, role="output"))
    x, g, scale = integers(4, 3, 5), integers(5, 5, bits=14), power_of_two(-7)
    out = after(build, {"g": g, "n.rescale": rows(scale)}, {"x": x}).tensors["y"]
    np.testing.assert_array_equal(out, requantise(layer_norm(x, g), scale, 8))


def test_a_mean_keeps_its_axes_or_drops_them() -> None:
    build = given(("x", (2, 2, 4)))
    build.op("kept", "mean", ["x"], build.tensor("y", 2, 1, 1, role="output"), axes=(1, 2))
    build.op("dropped", "mean", ["x"], build.tensor("z", 2, 4, role="output"), axes=(1,))
    x = np.arange(16).reshape(2, 2, 4) * 5
    constants = {"kept.rescale": rows(power_of_two(-3)), "dropped.rescale": rows(power_of_two(-1))}
    reference = after(build, constants, {"x": x})
    assert reference.tensors["y"].tolist() == [[[18]], [[58]]]  # 17.5 and 57.5, half up
    assert reference.tensors["z"].tolist() == x.mean(1).tolist()


def test_argmax_works_along_its_axis() -> None:
    build = given(("x", (2, 3)))
    build.op("best", "argmax", ["x"], build.tensor("y", 3, bits=16, role="output"), axis=0)
    x = np.array([[1, 9, 4], [1, 3, 5]])
    assert after(build, {}, {"x": x}).tensors["y"].tolist() == [0, 0, 1]


def test_an_embedding_looks_up_every_token() -> None:
    build = given(("tokens", (3,)), bits=16)
    build.op("e", "embedding", ["tokens", build.tensor("e.w", 5, 2, role="weight")], build.tensor("y", 3, 2))
    build.op("out", "copy", ["y"], build.tensor("z", 6, role="output"))
    weight = integers(1, 5, 2)
    reference = after(build, {"e.w": weight}, {"tokens": np.array([4, 0, 4])})
    np.testing.assert_array_equal(reference.tensors["z"], weight[[4, 0, 4]].ravel())
    with pytest.raises(NumericsError, match=r"embedding: token = 5: must be 0\.\.4"):
        after(build, {"e.w": weight}, {"tokens": np.array([4, 5, 4])})


class TestMoves:
    x = np.arange(24).reshape(4, 6)

    def test_outputs_of_a_split_are_parts_along_its_axis(self) -> None:
        """Version 1 cut the last axis of several frames flat."""
        build = given(("x", (4, 6)))
        for name, axis, sizes in (("columns", 1, (2, 4)), ("rows", 0, (1, 3))):
            shapes = [(4, size) if axis else (size, 6) for size in sizes]
            outputs = [build.tensor(f"{name}{i}", *shape, role="output") for i, shape in enumerate(shapes)]
            build.op(name, "split", ["x"], *outputs, axis=axis)
        tensors = after(build, {}, {"x": self.x}).tensors
        np.testing.assert_array_equal(tensors["columns0"], self.x[:, :2])
        np.testing.assert_array_equal(tensors["columns1"], self.x[:, 2:])
        np.testing.assert_array_equal(tensors["rows0"], self.x[:1])
        np.testing.assert_array_equal(tensors["rows1"], self.x[1:])

    def test_several_outputs_of_any_other_kind_are_parts_along_the_last_axis(self) -> None:
        build = given(("x", (4, 6)))
        outputs = [build.tensor(name, 4, 3, role="output") for name in ("left", "right")]
        build.op("half", "requantise", ["x"], *outputs)
        tensors = after(build, {"half.rescale": rows(power_of_two(0))}, {"x": self.x}).tensors
        np.testing.assert_array_equal(tensors["left"], self.x[:, :3])
        np.testing.assert_array_equal(tensors["right"], self.x[:, 3:])

    @pytest.mark.parametrize("axis", [0, 1])
    def test_a_register_shifts_along_its_axis(self, axis: int) -> None:
        """Version 1 shifted flat, which is wrong for a register of channels by time."""
        shape, new = ((3, 5), (3, 2)) if axis else ((5, 3), (2, 3))
        build = given(("x", new))
        build.op("push", "concat", ["x"], build.tensor("cache", *shape, role="state"), axis=axis, shift=True)
        calls = [integers(seed, *new) for seed in range(3)]
        cache = after(build, {}, *({"x": x} for x in calls)).tensors["cache"]
        everything = np.concatenate([np.zeros(shape, int), *calls], axis)
        np.testing.assert_array_equal(cache, everything[:, -5:] if axis else everything[-5:])

    def test_a_concat_along_an_axis_does_not_shift(self) -> None:
        build = given(("a", (2, 1)), ("b", (2, 2)))
        build.op("join", "concat", ["b", "a"], build.tensor("y", 2, 3, role="output"), axis=1)
        values = {"a": np.array([[1], [2]]), "b": np.array([[3, 4], [5, 6]])}
        assert after(build, {}, values).tensors["y"].tolist() == [[3, 4, 1], [5, 6, 2]]

    def test_a_slice_steps_either_way(self) -> None:
        build = given(("x", (4, 6)))
        build.op("odd", "slice", ["x"], build.tensor("y", 4, 2, role="output"), axis=1, start=1, step=3)
        build.op("back", "slice", ["x"], build.tensor("z", 4, 6, role="output"), axis=0, start=3, step=-1)
        tensors = after(build, {}, {"x": self.x}).tensors
        np.testing.assert_array_equal(tensors["y"], self.x[:, [1, 4]])
        np.testing.assert_array_equal(tensors["z"], self.x[::-1])

    def test_a_copy_turns_reshapes_and_stretches(self) -> None:
        build = given(("x", (4, 6)), ("row", (1, 6)))
        build.op("turn", "copy", ["x"], build.tensor("turned", 6, 4, role="output"), perm=(1, 0))
        build.op("shape", "copy", ["x"], build.tensor("shaped", 2, 12, role="output"))
        build.op("stretch", "copy", ["row"], build.tensor("stretched", 3, 6, role="output"))
        tensors = after(build, {}, {"x": self.x, "row": self.x[:1]}).tensors
        np.testing.assert_array_equal(tensors["turned"], self.x.T)
        np.testing.assert_array_equal(tensors["shaped"], self.x.reshape(2, 12))
        np.testing.assert_array_equal(tensors["stretched"], self.x[[0, 0, 0]])


class TestStates:
    def build(self) -> TraceBuilder:
        build = given(("x", (2, 3)))
        build.op("count", "add", ["x", build.tensor("h", 2, 3, role="state")], "h")
        return build

    def test_a_state_starts_from_zeros_or_from_its_initial_values(self) -> None:
        initial, x = np.arange(6).reshape(2, 3), np.full((2, 3), 10)
        assert after(self.build(), {}, {"x": x}).tensors["h"].tolist() == x.tolist()
        reference = after(self.build(), {"h.initial": initial}, {"x": x}, {"x": x})
        assert reference.tensors["h"].tolist() == (initial + 20).tolist()
        reference.reset()
        assert reference.tensors["h"].tolist() == initial.tolist()

    @pytest.mark.parametrize(
        ("name", "values", "message"),
        [
            ("h.initial", np.zeros(6, int), r"weights: h\.initial = \(6,\): must have shape \(2, 3\)"),
            ("h.initial", np.full((2, 3), 200), r"weights: h\.initial = 200: must fit 8 bits"),
            ("x.initial", np.zeros((2, 3), int), r"weights: x\.initial = None: belongs to no state of the trace"),
        ],
    )
    def test_initial_values_that_no_state_can_have(self, name: str, values: np.ndarray, message: str) -> None:
        with pytest.raises(TraceError, match=message):
            Reference(self.build().trace(), {name: values})


class TestBadConstants:
    def refused(self, message: str, **constants: Any) -> None:
        build = given(("x", (4,)))
        build.matmul("m", "x", 3, out="y", role="output")
        good = {"m.w": integers(1, 3, 4), "m.b": integers(2, 3), "y/requantise.rescale": rows(power_of_two(-6))}
        arrays = {name: values for name, values in (good | constants).items() if values is not None}
        with pytest.raises((TraceError, NumericsError), match=message):
            after(build, arrays, {"x": integers(3, 4)})

    def test_one_that_is_missing_or_unknown(self) -> None:
        self.refused(r"weights: m\.b = None: is missing; op m reads it", **{"m.b": None})
        self.refused(r"weights: m\.c = \(1,\): is unknown to the trace", **{"m.c": np.zeros(1, int)})
        self.refused(r"weights: y/requantise\.rescale = None: is missing", **{"y/requantise.rescale": None})

    def test_another_shape_or_type(self) -> None:
        self.refused(r"weights: m\.w = \(4, 3\): must have shape \(3, 4\)", **{"m.w": integers(1, 4, 3)})
        self.refused(r"weights: m\.w = 'float64': must hold integers", **{"m.w": np.zeros((3, 4))})

    def test_scales_of_another_number(self) -> None:
        name = "y/requantise.rescale"
        self.refused(rf"{name} = 2: must be 1 row, or 3: one for each along axis 0", **{name: np.full((2, 2), 2**14)})
        self.refused(rf"{name} = \(3,\): must be rows \(mult, shift\)", **{name: np.zeros(3, int)})
        self.refused(r"m\.rescale = 1: a matmul has none", **{"m.rescale": rows(power_of_two(0))})

    def test_a_sum_that_float64_cannot_hold(self) -> None:
        build = given(("a", (1, 2**3)), ("b", (1, 2**3)), bits=32)
        build.bmm("scores", "a", "b", (1, 1), transpose_b=True, out="y")
        operands = np.full((1, 8), 2**30)
        with pytest.raises(NumericsError, match=r"scores: largest partial sum = .*2\^53"):
            after(build, {"y/requantise.rescale": rows(power_of_two(-9))}, {"a": operands, "b": operands})


def test_what_only_the_cpu_can_do_has_no_integers() -> None:
    build = given(("x", (4,)))
    build.op("top", "host", ["x"], build.tensor("y", 2, role="output"), operator="TopK")
    with pytest.raises(TraceError, match=r"top = 'host': only the CPU can do it"):
        after(build, {}, {"x": np.zeros(4, int)})
