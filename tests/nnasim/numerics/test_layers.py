"""The LSTM cell and the joint network: the contract's steps one by one, in Python integers, and the real functions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics.activation_units.registry import NO_UNIT, OURS
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import LstmCell, Ranges, build_cell, build_joint, cell_domain
from nnasim.numerics.rescale import Rescale
from tests.nnasim.numerics.checks import NUMPY_AND_TORCH, equal

RANGES = Ranges(sigmoid=8.0, tanh=4.0, tanh_c=4.0, cell=4.0)
UNITS = [name for name in OURS if name != NO_UNIT]


def scaled(value: int, scale: Rescale, bits: int) -> int:
    """One requantisation in Python integers."""
    rounded = (2 * value * int(scale.mult) + 2 ** int(scale.shift)) // 2 ** (int(scale.shift) + 1)
    return min(max(rounded, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1)


class OneUnit:
    """The contract's cell for ONE hidden unit: gates in the order input, forget, output, cell."""

    def __init__(self, cell: LstmCell) -> None:
        self.cell, self.sigmoid, self.tanh = cell, cell.sigmoid.expand(16).tolist(), cell.tanh.expand(16).tolist()
        self.tanh_c = cell.tanh_c.expand(cell.cell_bits).tolist()

    def step(self, gx: list[int], gh: list[int], c: int) -> tuple[int, int]:
        """(h, c) after one step."""
        cell, z = self.cell, [min(max(a + b, -32768), 32767) for a, b in zip(gx, gh, strict=True)]
        i, f, o = (self.sigmoid[v + 32768] for v in z[:3])
        old, new = scaled(f * c, cell.keep, 32), scaled(i * self.tanh[z[3] + 32768], cell.update, 32)
        c = scaled(old + new, cell.cell, cell.cell_bits)
        return scaled(o * self.tanh_c[c + 2 ** (cell.cell_bits - 1)], cell.output, cell.act_bits), c


def gates(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Gate-domain integers: mostly within +-2, some far beyond int16."""
    return rng.normal(0, 8000, shape).astype(np.int64) + rng.choice([0, 0, 0, 100_000, -100_000], shape)


class TestCell:
    @pytest.mark.parametrize("activation", UNITS)
    @pytest.mark.parametrize("cell_bits", [8, 16])
    @pytest.mark.parametrize(("multiplier", "rounding"), [(15, "single"), (31, "single")])
    def test_every_step_is_the_contracts_in_python_integers(self, activation, cell_bits, multiplier, rounding) -> None:
        config = NumericsConfig(
            activation=activation, cell_bits=cell_bits, multiplier_bits=multiplier, rounding=rounding
        )
        cell, rng = build_cell(config, RANGES), np.random.default_rng(7)
        gx, gh = gates(rng, (40, 4)), gates(rng, (40, 4))
        c = rng.integers(-(2 ** (cell_bits - 1)), 2 ** (cell_bits - 1), 40)
        unit = OneUnit(cell)
        expected = [unit.step(a.tolist(), b.tolist(), int(v)) for a, b, v in zip(gx, gh, c, strict=True)]
        h, c = cell.step(gx, gh, c[:, None])
        equal(h[:, 0], [step[0] for step in expected])
        equal(c[:, 0], [step[1] for step in expected])

    @pytest.mark.parametrize("activation", UNITS)
    @pytest.mark.parametrize(("cell_bits", "act_bits"), [(8, 8), (16, 8), (16, 16)])
    def test_numpy_and_torch_in_every_type_agree_over_fed_back_steps(self, activation, cell_bits, act_bits) -> None:
        config = NumericsConfig(
            activation=activation,
            cell_bits=cell_bits,
            activation_bits=act_bits,
            accumulator_bits=32 if act_bits == 8 else 48,
        )
        cell, rng = build_cell(config, RANGES), np.random.default_rng(8)
        steps = gates(rng, (12, 2, 3, 4 * 5))
        results = []
        for make in NUMPY_AND_TORCH:
            c, history = make(np.zeros((3, 5))), []
            for gx, gh in steps:
                h, c = cell.step(make(gx), make(gh), c)
                assert h.dtype == c.dtype == make([0]).dtype
                history.append(np.stack([np.asarray(h), np.asarray(c)]).astype(np.int64))
            results.append(np.stack(history))
        assert all(np.array_equal(a, b) for a, b in itertools.pairwise(results))

    @pytest.mark.parametrize(
        ("activation", "cell_bits", "tolerance"), [("lut16", 16, 0.006), ("lut8", 16, 0.06), ("lut8", 8, 0.12)]
    )
    def test_it_is_an_lstm(self, activation, cell_bits, tolerance) -> None:
        """Over 50 steps h stays near the real cell's: right gates in the right places."""
        cell = build_cell(NumericsConfig(activation=activation, cell_bits=cell_bits), RANGES)
        rng = np.random.default_rng(9)
        steps, c, real_c = rng.normal(0, 5000, (50, 4 * 16)).astype(np.int64), np.zeros(16, np.int64), np.zeros(16)
        for z in steps:
            h, c = cell.step(z, z * 0, c)
            i, f, o, g = np.split(z / 4096, 4)
            sigmoid = [1 / (1 + np.exp(-v)) for v in (i, f, o)]
            real_c = sigmoid[1] * real_c + sigmoid[0] * np.tanh(g)
            assert np.abs(h / 128 - sigmoid[2] * np.tanh(real_c)).max() < tolerance
            assert np.abs(c * cell.cell_scale - real_c).max() < 4 * tolerance

    def test_gates_saturate_once_after_the_sum(self) -> None:
        cell = build_cell(NumericsConfig(), RANGES)
        equal(cell.gates(np.array([40000, 40000, -(2**31)]), np.array([-39000, 10, -(2**31)])), [1000, 32767, -32768])

    @pytest.mark.parametrize("cell_range", [0.5, 1.0, 4.0, 16.0, 64.0])
    @pytest.mark.parametrize("activation", UNITS)
    def test_the_common_domain_never_leaves_int32(self, activation, cell_range: float) -> None:
        """f c and i g at their largest, in the domain, and their sum."""
        for cell_bits in (8, 16):
            config = NumericsConfig(activation=activation, cell_bits=cell_bits)
            domain = cell_domain(config, cell_range if cell_bits == 8 else 16.0)
            largest = (cell_range if cell_bits == 8 else 16.0) * 2.0**domain + 2.0**domain
            assert largest < 2**30

    def test_int32_products_survive_float32_gates(self) -> None:
        """2^26-step products have no float32: rounding them shifts c by one step in some ties."""
        cell = build_cell(NumericsConfig(activation="lut16", cell_bits=16), RANGES)
        rng = np.random.default_rng(10)
        i, f, g, c = (rng.integers(low, 32768, 20000) for low in (0, 0, -32768, -32768))
        whole = cell.next_cell(i, f, g, c)
        single = cell.next_cell(*(v.astype(np.float32) for v in (i, f, g, c)))
        equal(single, whole)

    def test_a_stored_table_of_another_chip_names_its_layer(self) -> None:
        with pytest.raises(NumericsError, match=r"enc3\.tanh_c: table = "):
            build_cell(NumericsConfig(), RANGES, {"tanh_c": {"table": np.zeros(513, int)}}, name="enc3")

    @pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
    def test_a_range_that_is_none_names_its_layer(self, bad: float) -> None:
        with pytest.raises(NumericsError, match=r"enc3\.sigmoid: table range"):
            build_cell(NumericsConfig(), Ranges(bad, 4.0, 4.0, 4.0), name="enc3")


class TestJoint:
    @pytest.mark.parametrize("activation", UNITS)
    @pytest.mark.parametrize("act_bits", [8, 16])
    def test_sum_saturate_tanh_in_the_output_layers_format(self, activation, act_bits: int) -> None:
        config = NumericsConfig(
            activation=activation, activation_bits=act_bits, accumulator_bits=32 if act_bits == 8 else 48
        )
        joint, rng = build_joint(config, 4.0), np.random.default_rng(11)
        enc, pred = gates(rng, (6, 1, 10)), gates(rng, (1, 4, 10))
        z = np.clip(enc + pred, -32768, 32767)
        for make in NUMPY_AND_TORCH:
            hidden = joint.hidden(make(enc), make(pred))
            equal(hidden, joint.tanh.expand(16)[z + 32768])
            assert np.abs(np.asarray(hidden) / 2 ** (act_bits - 1) - np.tanh(z / 4096)).max() < 0.25
        assert joint.tanh.out_bits == act_bits
