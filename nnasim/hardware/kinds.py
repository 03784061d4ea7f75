"""The tables of MAC array families and of DRAM models: the names that a chip's sections may use.

No other code asks for a kind by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from nnasim.errors import ConfigError
from nnasim.hardware.section import Section
from nnasim.plugins import Plugins
from nnasim.records import Number, Record, validated

if TYPE_CHECKING:
    from nnasim.hardware.drams.model import DramModel
    from nnasim.hardware.mac_arrays.law import MacArrayLaw

Parameters = dict[str, Number]
"""Numbers of a plug-in's own part, each named with its unit; the part defines which there are."""


class Part(Protocol):
    """The interface of every family and every model: the record of its own parameters."""

    Parameters: ClassVar[type[Record]]


FAMILIES: Plugins[type[MacArrayLaw]] = Plugins(
    "nnasim.mac_arrays",
    {
        "vector": "nnasim.hardware.mac_arrays.vector:VectorArray",
        "dot_product": "nnasim.hardware.mac_arrays.dot_product:DotProductArray",
        "systolic": "nnasim.hardware.mac_arrays.systolic:SystolicArray",
    },
    needs=("Parameters", "cycles", "output_granule", "bound_cycles"),
    guard="nnasim.hardware.mac_arrays.checked:checked",
)
MODELS: Plugins[type[DramModel]] = Plugins(
    "nnasim.drams",
    {
        "steady": "nnasim.hardware.drams.steady:SteadyDram",
        "banked": "nnasim.hardware.drams.banked:BankedDram",
    },
    needs=("Parameters", "of", "first_byte", "bus_bytes", "open_cycles", "end"),
    guard="nnasim.hardware.drams.checked:checked",
)


class OpenSection(Section):
    """A section that names a part which may have parameters of its own."""

    UNSAID: ClassVar[tuple[str, ...]] = ("parameters",)


def check_parameters(part: type[Part], parameters: Mapping[str, float]) -> None:
    """Raise ValueError, which names the parameter first, unless ``parameters`` are those that ``part`` has."""
    try:
        validated(part.Parameters, dict(parameters), "parameters")
    except ConfigError as error:
        raise ValueError(f"parameters.{error.field}: {error.allowed}") from None
