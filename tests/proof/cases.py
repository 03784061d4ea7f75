"""The cases of the proof: random values, edges, constructed ties, exhaustive tables, whole cells, the joint network.

``size`` is the number of values of one ordinary case. Values stay where the reference model defines a result: a
requantised value that leaves int32 before saturation is none of its business, and so none of this proof's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnasim.numerics import segments, tables
from nnasim.numerics.config import NumericsConfig, Rounding
from nnasim.numerics.formats import WEIGHT_LIMIT, highest, lowest
from nnasim.numerics.layers import Ranges, build_cell, build_joint
from nnasim.numerics.rescale import Rescale, power_of_two
from tests.proof.case import Case

STEPS = 50


def _integers(rng: np.random.Generator, bits: int, shape: int | tuple[int, ...]) -> np.ndarray:
    return rng.integers(lowest(bits), highest(bits) + 1, shape)


def _edges(bits: int) -> np.ndarray:
    """0, the limits, powers of two, and their neighbours."""
    powers = np.left_shift(1, np.arange(bits - 1, dtype=np.int64))
    around = np.concatenate([powers - 1, powers, powers + 1, [highest(bits)]])
    both = np.concatenate([around, -around, [lowest(bits), 0]])
    return np.unique(both[(both >= lowest(bits)) & (both <= highest(bits))])


def _defined(value: np.ndarray, scale: Rescale) -> np.ndarray:
    """``value`` limited to what the reference model defines: a result within int32, 31 bits on values < 2^(shift-1)."""
    limit = np.floor((2.0**31 - 2) / scale.real)
    if scale.bits == 31:
        limit = np.minimum(limit, 2.0 ** (scale.shift - 1) - 1)
    return np.clip(value, np.maximum(-limit, lowest(48)), np.minimum(limit, highest(48))).astype(np.int64)


def _requantise(name: str, value: np.ndarray, scale: Rescale, in_bits: int, out_bits: int, zero: int = 0) -> Case:
    params = {"in_bits": in_bits, "out_bits": out_bits, "zero_point": zero}
    return Case("requantise", name, {"value": _defined(value, scale)}, params).with_scale(scale)


def _scale(
    rng: np.random.Generator, bits: int, low: int, high: int, shape: tuple[int, ...] = (), **kind: bool
) -> Rescale:
    mult = rng.integers(1 << (bits - 1), 1 << bits, shape)
    return Rescale.checked(mult, rng.integers(low, high, shape), bits, **kind)


def requantise_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Every multiplier, rounding, input and output width; edges; zero points; per channel."""
    for out_bits in (8, 16, 32):
        for bits, rounding in ((15, Rounding.SINGLE), (31, Rounding.SINGLE), (31, Rounding.DOUBLE)):
            low = bits + {8: 12, 16: 6, 32: -3}[out_bits]
            scale = _scale(rng, bits, low, low + 12, rounding=rounding)
            kind = f"{bits} bits, {rounding} round, int32 to int{out_bits}"
            yield _requantise(f"random, {kind}", _integers(rng, 32, size), scale, 32, out_bits)
            yield _requantise(f"edges, {kind}", _edges(32), scale, 32, out_bits)
        scale = _scale(rng, 15, 33, 40)
        yield _requantise(f"random, int48 to int{out_bits}", _integers(rng, 48, size // 4), scale, 48, out_bits)
        yield _requantise(f"edges, int48 to int{out_bits}", _edges(48), scale, 48, out_bits)
    for in_bits in (8, 16):
        yield _requantise(f"int{in_bits} up to int32", _integers(rng, in_bits, size), power_of_two(9), in_bits, 32)
    yield _requantise("zero point", _integers(rng, 32, size), Rescale.of(3e-8), 32, 8, zero=-17)
    channels = _scale(rng, 15, 20, 40, (32,))
    yield _requantise("per channel", _integers(rng, 24, (size // 32 + 1, 32)), channels, 32, 16)
    extremes = (_scale(rng, 15, 62, 63), _scale(rng, 31, 62, 63), _scale(rng, 15, 2, 3))
    for scale in extremes:
        yield _requantise(f"shift {int(scale.shift)}", _integers(rng, 32, size // 4), scale, 32, 32)


def tie_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Values exactly half-way: every one of a range at powers of two, and built ones at odd multipliers."""
    for exponent in (1, 2, 3, 7, 12):
        value = np.arange(-size // 2, size // 2)
        yield _requantise(f"all at 2^-{exponent}", value, power_of_two(-exponent), 32, 16)
        doubled = Rescale.of(2.0**-exponent, 31, rounding=Rounding.DOUBLE)
        yield _requantise(f"all at 2^-{exponent}, double round", value, doubled, 32, 16)
    for shift in (8, 15, 22):
        mult = int(rng.integers(1 << 14, 1 << 15)) | 1
        halves = (2 * rng.integers(-(1 << (29 - shift)), 1 << (29 - shift), size) + 1) << (shift - 1)
        yield _requantise(f"odd multiplier {mult}, shift {shift}", halves, Rescale.checked(mult, shift, 15), 32, 32)


def _every_int16(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.arange(-32768, 32768) if size >= 65536 else np.sort(rng.choice(65536, size, replace=False)) - 32768


def table_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Every input of each table where ``size`` allows; random tables as well as the functions."""
    x16 = _every_int16(rng, size)
    for function in ("sigmoid", "tanh"):
        for table_range in (4.0, 8.0, 16.0):
            arrays = {"x": np.arange(-128, 128), "table": tables.int8_table(function, table_range)}
            yield Case("table", f"int8 {function}, range {table_range:g}", arrays, {"bits": 8})
        yield Case("table", f"int16 {function}", {"x": x16, "table": tables.int16_table(function)}, {"bits": 16})
    random8 = {"x": np.arange(-128, 128), "table": _integers(rng, 8, 256)}
    yield Case("table", "int8 random", random8, {"bits": 8})
    steps = rng.integers(-32768, 32768, 513)
    random16 = {"x": x16, "table": np.where(np.arange(513) % 2, steps // 2, -(steps // 2))}
    yield Case("table", "int16 random, steep", random16, {"bits": 16})


def unit_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Every int16 (where ``size`` allows) through the units that are no table."""
    x = _every_int16(rng, size)
    for kind, count, fit in (("hard", 2, "uniform"), ("plan", 2, "uniform"), *_SEGMENTS):
        config = NumericsConfig.model_validate({"activation": kind, "pwl_segments": count, "pwl_fit": fit})
        for function in ("sigmoid", "tanh"):
            data = segments.build(function, count, fit) if kind == "pwl" else {}
            arrays = {"x": x, **{f"{part}.table": values for part, values in data.items()}}
            params = {"numerics": config.model_dump(mode="json"), "function": function}
            name = f"{kind} {function}" + (f", {count} {fit} segments" if data else "")
            yield Case("unit", name, arrays, params)


_SEGMENTS = (("pwl", 8, "uniform"), ("pwl", 16, "uniform"), ("pwl", 16, "fitted"))
_MATMULS = ((8, 8, 32), (8, 4, 32), (16, 8, 48), (16, 16, 48))


def matmul_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Every pair of widths, random and same-sign full-scale operands, with and without bias."""
    outputs = min(64, max(4, size // 64))
    rows = max(2, size // outputs)
    for input_bits, weight_bits, accumulator_bits in _MATMULS:
        limit, k = WEIGHT_LIMIT[weight_bits], min(300, max(8, size // 8))
        worst = k << (input_bits + weight_bits - 2)
        scale = Rescale.of(rng.uniform(0.5, 1.0, outputs) * min(2.0**30 / worst, 1000.0))
        pairs = {
            "random": (_integers(rng, input_bits, (rows, k)), rng.integers(-limit, limit + 1, (outputs, k))),
            "same sign": (np.full((2, k), lowest(input_bits)), np.full((outputs, k), -limit)),
        }
        for name, (x, weight) in pairs.items():
            biases = [np.zeros(outputs, np.int64), rng.integers(-worst // 4, worst // 4, outputs)]
            for bias in biases[: 1 if weight_bits == 16 else 2]:  # the reference model's int16 x int16 has no bias
                arrays = {"x": x, "weight": weight, "bias": bias}
                params = {
                    "input_bits": input_bits, "weight_bits": weight_bits, "accumulator_bits": accumulator_bits,
                }  # fmt: skip
                kind = f"{name} int{input_bits} x int{weight_bits}{' + bias' if bias.any() else ''}"
                yield Case("matmul", kind, arrays, params).with_scale(scale)


def element_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """mul and add of every width, argmax with many equals, embedding."""
    for bits in (8, 16):
        edges = np.array([lowest(bits), lowest(bits) + 1, -1, 0, 1, highest(bits)])
        corner_a, corner_b = (corner.ravel() for corner in np.meshgrid(edges, edges))
        a = np.concatenate([_integers(rng, bits, size), corner_a])
        b = np.concatenate([_integers(rng, bits, size), corner_b])
        for out_bits in (8, 16, 32):
            scale = Rescale.of(float(rng.uniform(0.3, 1.0)) * 2.0 ** min(out_bits + 1 - 2 * bits, 9))
            case = Case("mul", f"int{bits} to int{out_bits}", {"a": a, "b": b}, {"bits": bits, "out_bits": out_bits})
            yield case.with_scale(scale)
        case = Case("add", f"int{bits}", {"a": a, "b": b}, {"bits": bits, "out_bits": bits})
        up = Rescale.of(rng.uniform(0.2, 1.0, 2) * 2.0**12)
        case = case.with_scale(Rescale(up.mult[0], up.shift[0]), "a").with_scale(Rescale(up.mult[1], up.shift[1]), "b")
        yield case.with_scale(power_of_two(-12), "out")
        yield Case("argmax", f"int{bits}", {"x": rng.integers(-3, 4, (size // 8 + 1, 8))}, {"bits": bits})
    rows = {"rows": _integers(rng, 8, (50, 8)), "tokens": rng.integers(0, 50, size // 8 + 1)}
    yield Case("embedding", "int8", rows)


# (channels, sizes, outputs, kernel, stride, dilation, groups, pads): the reference model takes kernels that end where
# the padded input ends.
_CONVS = (
    (5, (1, 13), 4, (1, 3), (1, 2), (1, 1), 1, (0, 0, 0, 0)),
    (3, (9, 8), 6, (3, 2), (2, 1), (1, 2), 1, (1, 0, 1, 1)),
    (6, (1, 20), 6, (1, 5), (1, 1), (1, 2), 6, (0, 8, 0, 0)),
    (4, (7, 6), 8, (3, 3), (1, 1), (1, 1), 4, (1, 1, 1, 1)),
    (8, (5, 5), 6, (2, 3), (1, 2), (1, 1), 2, (0, 0, 0, 0)),
)


def conv_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Strides, dilations, pads, depthwise and grouped; every pair of widths, random and same-sign operands."""
    for channels, sizes, outputs, kernel, stride, dilation, groups, pads in _CONVS:
        many = max(1, size // 512) if groups == 1 else 1
        shape, weights = (channels, *sizes), (many * outputs, channels // groups, *kernel)
        form = {"stride": stride, "dilation": dilation, "groups": groups, "pads": pads}
        for input_bits, weight_bits, accumulator_bits in _MATMULS[:3]:
            limit = WEIGHT_LIMIT[weight_bits]
            worst = weights[1] * kernel[0] * kernel[1] << (input_bits + weight_bits - 2)
            params = {"input_bits": input_bits, "weight_bits": weight_bits, "accumulator_bits": accumulator_bits}
            scale = Rescale.of(min(2.0**30 / worst, 1000.0))
            arrays = {
                "x": _integers(rng, input_bits, shape),
                "weight": rng.integers(-limit, limit + 1, weights),
                "bias": rng.integers(-worst // 4, worst // 4, weights[0]),
            }
            same = {"x": np.full(shape, lowest(input_bits)), "weight": np.full(weights, -limit), "bias": arrays["bias"]}
            for name, operands in (("random", arrays), ("same sign", same)):
                case = Case("conv", f"{name}, {form}, {input_bits} x {weight_bits} bits", operands, params | form)
                yield case.with_scale(scale)


def bmm_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Batches of products of two computed operands, the second as it is or transposed."""
    rows = max(2, size // 256)
    for bits, accumulator_bits in ((8, 32), (16, 48)):
        for transposed in (False, True):
            a, b = _integers(rng, bits, (3, rows, 20)), _integers(rng, bits, (3, 11, 20) if transposed else (3, 20, 11))
            params = {"bits": bits, "accumulator_bits": accumulator_bits, "transpose_b": transposed}
            case = Case("bmm", f"int{bits}, transposed {transposed}", {"a": a, "b": b}, params)
            yield case.with_scale(Rescale.of(min(1.0, 2.0**30 / (20 << (2 * bits - 2)))))


def mean_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Means along one axis; ties abound where n is a power of two."""
    for bits in (8, 16):
        for n in (1, 7, 16, 100):
            x = _integers(rng, bits, (max(1, size // n), n))
            case = Case("mean", f"int{bits} of {n}", {"x": x}, {"bits": bits})
            yield case.with_scale(Rescale.of(1.0 / n))


def subtract_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """The difference of two operands of different scale."""
    for bits in (8, 16):
        arrays = {"a": _integers(rng, bits, size), "b": _integers(rng, bits, size)}
        case = Case("add", f"int{bits}, subtracted", arrays, {"bits": bits, "out_bits": bits, "subtract": True})
        up = Rescale.of(rng.uniform(0.2, 1.0, 2) * 2.0**12)
        case = case.with_scale(Rescale(up.mult[0], up.shift[0]), "a").with_scale(Rescale(up.mult[1], up.shift[1]), "b")
        yield case.with_scale(power_of_two(-12), "out")


def foreign_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """What models from elsewhere do beside the recogniser's operators."""
    for make in (conv_cases, bmm_cases, mean_cases, subtract_cases):
        yield from make(rng, size)


_CELLS: dict[str, dict[str, object]] = {
    "lut8, int8 cell": {"activation": "lut8", "cell_bits": 8},
    "lut8, int16 cell": {"activation": "lut8", "cell_bits": 16},
    "lut16, int16 cell": {"activation": "lut16", "cell_bits": 16},
    "lut16, int8 cell": {"activation": "lut16", "cell_bits": 8},
    "lut8, int4 weights": {"activation": "lut8", "cell_bits": 8, "weight_bits": 4},
    "lut16, int16 activations": {
        "activation": "lut16", "cell_bits": 16, "activation_bits": 16, "accumulator_bits": 48,
    },
    "lut8, 31-bit multipliers": {"activation": "lut8", "cell_bits": 8, "multiplier_bits": 31},
    "lut16, double round": {"activation": "lut16", "cell_bits": 16, "multiplier_bits": 31, "rounding": "double"},
}  # fmt: skip


def _projection(rng: np.random.Generator, config: NumericsConfig, outputs: int, k: int) -> Rescale:
    """Random scales that bring typical accumulators to about +-1.5 in the gate domain."""
    typical = np.sqrt(k) * 2.0 ** (config.activation_bits - 2) * WEIGHT_LIMIT[config.weight_bits] / 2
    real = rng.uniform(0.5, 1.5, outputs) * 6000 / typical
    return Rescale.of(real, config.multiplier_bits, rounding=config.rounding)


def lstm_cases(rng: np.random.Generator, batch: int, units: int, inputs: int, steps: int = STEPS) -> Iterator[Case]:
    """Whole cells over ``steps`` steps, the state fed back."""
    for name, settings in _CELLS.items():
        config = NumericsConfig.model_validate(settings)
        ranges = {"sigmoid": 8.0, "tanh": 4.0, "tanh_c": 4.0, "cell": 4.0}
        cell, limit = build_cell(config, Ranges(**ranges)), WEIGHT_LIMIT[config.weight_bits]
        arrays = {
            "x": _integers(rng, config.activation_bits, (steps, batch, inputs)),
            "h": _integers(rng, config.activation_bits, (batch, units)),
            "c": _integers(rng, config.cell_bits, (batch, units)),
            "wx": rng.integers(-limit, limit + 1, (4 * units, inputs)),
            "wh": rng.integers(-limit, limit + 1, (4 * units, units)),
            "bias": rng.integers(-2000, 2000, 4 * units),
        }
        for function in ("sigmoid", "tanh", "tanh_c"):
            arrays[f"{function}.table"] = getattr(cell, function).data["table"]
        case = Case("lstm", name, arrays, {"numerics": config.model_dump(mode="json"), "ranges": ranges})
        case = case.with_scale(_projection(rng, config, 4 * units, inputs), "scale_x")
        yield case.with_scale(_projection(rng, config, 4 * units, units), "scale_h")


def joint_cases(rng: np.random.Generator, frames: int, symbols: int, units: int, outputs: int) -> Iterator[Case]:
    """The joint network on every pair of ``frames`` and ``symbols``."""
    for name, settings in _CELLS.items():
        config = NumericsConfig.model_validate(settings)
        limit = WEIGHT_LIMIT[config.weight_bits]
        arrays = {
            "enc": rng.normal(0, 6000, (frames, units)).astype(np.int64),
            "pred": rng.normal(0, 6000, (symbols, units)).astype(np.int64),
            "weight": rng.integers(-limit, limit + 1, (outputs, units)),
            "bias": rng.integers(-2000, 2000, outputs),
            "table": build_joint(config, 4.0).tanh.data["table"],
        }
        case = Case("joint", name, arrays, {"numerics": config.model_dump(mode="json"), "range": 4.0})
        yield case.with_scale(_projection(rng, config, outputs, units))


def operator_cases(rng: np.random.Generator, size: int) -> Iterator[Case]:
    """Every single operator."""
    for make in (requantise_cases, tie_cases, table_cases, unit_cases, matmul_cases, element_cases):
        yield from make(rng, size)


def small(seed: int = 1, size: int = 2048) -> Iterator[Case]:
    """The proof in a second or two."""
    rng = np.random.default_rng(seed)
    yield from operator_cases(rng, size)
    yield from lstm_cases(rng, batch=2, units=8, inputs=12)
    yield from joint_cases(rng, frames=5, symbols=3, units=16, outputs=11)
    yield from foreign_cases(rng, size)


def full(seed: int, size: int) -> Iterator[Case]:
    """The proof over millions of values."""
    rng = np.random.default_rng(seed)
    yield from operator_cases(rng, size)
    yield from lstm_cases(rng, batch=48, units=96, inputs=64)
    yield from joint_cases(rng, frames=60, symbols=12, units=128, outputs=96)
    yield from foreign_cases(rng, size)
