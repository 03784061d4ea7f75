"""``nnasim.activation_unit`` and ``add_activation_unit``: the unit of a chip that computes sigmoid and tanh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from nnasim import markup
from nnasim.errors import ConfigError
from nnasim.front.arguments import ChipLike, checked, only
from nnasim.front.chips import chip_of
from nnasim.numerics.activation import Function, UnitKind, build_unit
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.numerics.formats import GATE_FRAC
from nnasim.records import Number

if TYPE_CHECKING:
    import pandas as pd

Range = Annotated[Number, Field(gt=0, le=128)]


@dataclass(frozen=True, repr=False)
class UnitCurve:
    """The output of a chip's activation unit for each of its inputs.

    ``x``: float64 (65536,), every input of 16 bits; ``chip``, ``exact``: float64 (65536,), the unit's output and the
    real function.
    """

    name: str
    function: Function
    output_bits: int
    x: tuple[float, ...]
    chip: tuple[float, ...]
    exact: tuple[float, ...]

    def frame(self) -> pd.DataFrame:
        """The unit's output ``chip``, the real function ``exact`` and their difference ``error`` for each input; index
        x.
        """
        import pandas as pd

        frame = pd.DataFrame({"chip": self.chip, "exact": self.exact}, index=pd.Index(self.x, name="x"))
        return frame.assign(error=frame["chip"] - frame["exact"])

    @property
    def worst_error(self) -> float:
        """The largest distance between the unit's output and the real function, over all inputs."""
        return max(abs(chip - exact) for chip, exact in zip(self.chip, self.exact, strict=True))

    @property
    def levels(self) -> int:
        """The number of different values that the unit can output."""
        return len(set(self.chip))

    def __repr__(self) -> str:
        return (
            f"{self.function} by {markup.visible(self.name)}: {self.levels:,} different outputs of {self.output_bits} "
            f"bits, worst error {self.worst_error:.4f}"
        )

    def _repr_html_(self) -> str:
        """The line of ``repr`` and the curve beside the real function, as offline HTML."""
        from reports.figures.activation import curve

        return f"<div>{markup.paragraphs([repr(self)])}{curve(self.function, self.x, self.chip, self.exact).svg}</div>"


@checked
def activation_unit(function: Function, chip: ChipLike = "edge256", *, table_range: Range = 8.0) -> UnitCurve:
    """The curve of ``function``, "sigmoid" or "tanh", as the activation unit of ``chip`` computes it.

    ``table_range``: R of the input range [-R, R) for a unit whose range calibration chooses layer by layer (``lut8``);
    other units have a fixed range. Raises NumericsError for a chip without a unit.
    """
    import numpy as np

    numerics = chip_of(chip).numerics
    step = 2.0**-GATE_FRAC
    unit = build_unit(function, numerics, in_scale=step, table_range=table_range)
    x = np.arange(-(1 << 15), 1 << 15) * step
    exact = np.tanh(x) if function == "tanh" else 1 / (1 + np.exp(-x))
    values = unit.expand(16) * 2.0**-unit.output_frac
    return UnitCurve(
        name=numerics.activation,
        function=function,
        output_bits=unit.out_bits,
        x=tuple(x.tolist()),
        chip=tuple(values.tolist()),
        exact=tuple(exact.tolist()),
    )


@checked
def add_activation_unit(kind: Annotated[UnitKind, only((UnitKind,), "a UnitKind")]) -> str:
    """The name of ``kind``, with which a chip's ``numerics.activation`` selects it until this Python session ends.

    A package adds a unit permanently by an entry point of the group ``nnasim.activation``. A name may be added again;
    the last one counts. Raises ConfigError for a name that nnasim or a package already has.
    """
    try:
        UNITS.add(kind.name, kind)
    except ValueError as error:
        raise ConfigError("add_activation_unit", "name", kind.name, str(error)) from None
    return kind.name
