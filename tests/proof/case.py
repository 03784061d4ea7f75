"""One case of the proof: an operator, its settings, its integers. Plain enough to be stored as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnasim.numerics.config import Rounding
from nnasim.numerics.rescale import Rescale


@dataclass(frozen=True)
class Case:
    """``operator`` is a key of ``ours.OPERATORS`` and ``theirs.OPERATORS``; ``arrays`` are int64."""

    operator: str
    name: str
    arrays: dict[str, np.ndarray]
    params: dict[str, Any] = field(default_factory=dict)

    def scale(self, name: str = "scale") -> Rescale:
        """The scale stored under ``name``."""
        settings = self.params.get(name, {})
        return Rescale.checked(
            self.arrays[f"{name}.mult"],
            self.arrays[f"{name}.shift"],
            settings.get("bits", 15),
            rounding=Rounding.DOUBLE if settings.get("double", False) else Rounding.SINGLE,
        )

    def with_scale(self, scale: Rescale, name: str = "scale") -> Case:
        """This case with one more scale."""
        arrays = {**self.arrays, f"{name}.mult": np.asarray(scale.mult), f"{name}.shift": np.asarray(scale.shift)}
        settings = {"bits": scale.bits, "double": scale.rounding == Rounding.DOUBLE}
        return Case(self.operator, self.name, arrays, {**self.params, name: settings})


def to_json(case: Case, expected: list[np.ndarray]) -> dict[str, Any]:
    """The case and what the reference model answered."""
    return {
        "operator": case.operator,
        "name": case.name,
        "params": case.params,
        "arrays": {key: value.tolist() for key, value in case.arrays.items()},
        "expected": [value.tolist() for value in expected],
    }


def from_json(record: dict[str, Any]) -> tuple[Case, list[np.ndarray]]:
    """Inverse of ``to_json``."""
    arrays = {key: np.array(value, np.int64) for key, value in record["arrays"].items()}
    case = Case(record["operator"], record["name"], arrays, record["params"])
    return case, [np.array(value, np.int64) for value in record["expected"]]
