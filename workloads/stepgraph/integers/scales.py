"""The steps of an import's integers, once calibration has found the reach of its values."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping

from nnasim.errors import InputError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import GATE_FRAC
from nnasim.numerics.histogram import Histogram, Method
from nnasim.numerics.layers import cell_domain, cell_scale
from nnasim.numerics.rescale import LOWEST_SHIFT, Rescale
from workloads.stepgraph.integers.calibration import Calibration
from workloads.stepgraph.integers.grids import Grid, Key, Rule
from workloads.stepgraph.lowering.trace_draft import Wire

SMALL = 2.0**-4  # the largest value for which 2^-12 leaves less than 8 bits: the domain of a product is finer then
SUM_BITS = {8: 16, 16: 24}  # that are kept of the range of products, of values of 8 and of 16 bits
INT16_CELL_RANGE = 16.0
LARGEST_SCALE = ((1 << 15) - 1) * 2.0**-LOWEST_SHIFT


class Scales:
    """Steps of grids by ``calibration`` of each graph, found when first asked for."""

    def __init__(self, numerics: NumericsConfig, calibration: Mapping[str, Calibration]) -> None:
        self.numerics, self._calibration = numerics, calibration
        self._steps: dict[Grid, float] = {}

    def step(self, wire: Wire) -> float:
        """The real value of one integer of ``wire``."""
        if wire.grid not in self._steps:
            self._steps[wire.grid] = _STEPS[wire.grid.rule](self, wire.grid)
        return self._steps[wire.grid] * wire.factor

    def method(self, key: Key) -> Method:
        """The method with which ranges are chosen for the graph of ``key``."""
        return self._calibration[key[0]].method

    def histogram(self, key: Key) -> Histogram:
        """The histogram of a value in calibration. Raises InputError if it was not observed."""
        calibration = self._calibration[key[0]]
        if key[1] not in calibration.histograms:
            raise InputError(calibration.source, "calibration", key[1], f"value of {key[0]} that was not looked at")
        return calibration.histograms[key[1]]

    def reach(self, grid: Grid, bits: int, method: Method | None = None) -> float:
        """The reach R of [-R, R) for integers of ``bits`` in ``grid``, in units of the grid's own step."""
        if grid.reach is not None:
            return grid.reach or 1.0
        together = defaultdict[float, list[Key]](list)
        for key, ratio in grid.makers:
            together[ratio].append(key)
        ranges = [self._range(keys, bits, method) / ratio for ratio, keys in together.items()]
        return max((*ranges, grid.start)) or 1.0

    def _range(self, keys: list[Key], bits: int, method: Method | None) -> float:
        first, *others = (self.histogram(key) for key in keys)
        return sum(others, first).range(method or self.method(keys[0]), bits)

    def cell_range(self, grid: Grid) -> float:
        """The range of a cell state."""
        if self.numerics.cell_bits == 16:
            return INT16_CELL_RANGE
        return self.numerics.cell_range or self.reach(grid, 8)


def _power_above(size: float) -> float:
    """The least power of two that is not below ``size``."""
    return math.ldexp(1.0, math.ceil(math.log2(size)))


def _product(scales: Scales, grid: Grid) -> float:
    largest = scales.reach(grid, grid.bits, "max")
    return 2.0**-GATE_FRAC if largest >= SMALL else _power_above(largest) * 2.0**-15


def _sum(scales: Scales, grid: Grid) -> float:
    return _power_above(scales.reach(grid, grid.bits, "max")) * 2.0 ** -SUM_BITS[scales.numerics.activation_bits]


def _range(scales: Scales, grid: Grid) -> float:
    method: Method | None = "max" if grid.origins == {"embedding"} else None  # every row matters alike
    step = scales.reach(grid, grid.bits, method) / (1 << (grid.bits - 1))
    if "input" not in grid.origins:
        return step
    # What arrives is multiplied by 1 / step, and that is a multiplier and a shift like every scale, limited like these.
    largest = LARGEST_SCALE * min(ratio for _, ratio in grid.makers)
    (graph, value), _ = next(iter(grid.makers))
    return 1.0 / float(Rescale.of(min(1.0 / step, largest), name=f"{graph}, {value}").real)


_STEPS: Mapping[Rule, Callable[[Scales, Grid], float]] = {
    "unit": lambda scales, grid: 2.0 ** (1 - grid.bits),
    "double": lambda scales, grid: 2.0 ** (2 - grid.bits),
    "gate": lambda scales, grid: 2.0**-GATE_FRAC,
    "index": lambda scales, grid: 1.0,
    "truth": lambda scales, grid: 1.0,
    "product": _product,
    "sum": _sum,
    "range": _range,
    "cell": lambda scales, grid: cell_scale(scales.numerics, scales.cell_range(grid)),
    "cell_sum": lambda scales, grid: 2.0 ** -cell_domain(scales.numerics, scales.cell_range(grid)),
}
