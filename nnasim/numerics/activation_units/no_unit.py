"""``none``: the chip has no table and no element-wise engine. Its gates go to the CPU, so there is nothing to build."""

from __future__ import annotations

from typing import NoReturn

from nnasim.errors import NumericsError
from nnasim.numerics.activation import UnitKind


def _refuse(*unused: object) -> NoReturn:
    raise NumericsError("numerics", "activation", "none", "this chip has no activation unit")


NO_UNIT = UnitKind(name="none", apply=_refuse, build=_refuse)
