"""x / (1 + |x|): one division in place of a table. tanh is the quotient, sigmoid half of it plus 1/2."""

import numpy as np

from nnasim.numerics.activation import Table, UnitKind
from nnasim.numerics.backend import as_type_of, cast
from nnasim.numerics.formats import saturate


def constants(function, config, table_range):
    """Offset and gain: what makes either function of the quotient at 2^-14."""
    return {"line": np.array([0, 2] if function == "tanh" else [1 << 14, 1])}


def apply(unit, x):
    """int16 at 2^-12 -> int16 at 2^-15; // rounds down in numpy and in torch."""
    x64 = cast(x, "int64")
    offset, gain = (int(value) for value in unit.data["line"])
    quotient = (x64 << 14) // (abs(x64) + (1 << 12))
    return as_type_of(saturate(offset + gain * quotient, 16), x)


def slope(unit, x, out):
    """The derivative, for training by the unit's own slopes; without one, differences of ``out`` are taken."""
    gain = unit.data["line"][1] / 2
    return gain / (1 + abs(x)) ** 2


RATIONAL = UnitKind(
    name="rational",
    apply=apply,
    tables=lambda config: (Table("line", 2, 16),),
    build=constants,
    slope=slope,
)
