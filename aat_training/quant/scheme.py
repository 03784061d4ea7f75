"""Everything that turns one float recogniser into integers, beside its weights: numerics, ranges, steps, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from nnasim.errors import NOT_GIVEN, CheckpointError, NumericsError
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.formats import H_FRAC
from nnasim.numerics.layers import Joint, LstmCell, Ranges, build_cell, build_joint
from nnasim.numerics.rescale import Rescale
from nnasim.records import validated

FUNCTIONS = ("sigmoid", "tanh", "tanh_c")


@dataclass(frozen=True)
class QuantScheme:
    """Frozen choices of one quantisation; weight scales follow from the weights themselves.

    ``input_range``: the normalised feature that full scale stands for; ``embedding_range`` likewise;
    ``layers``: ranges per LSTM layer; ``tables``: constants of every unit as ``layer.function.part``.
    """

    numerics: NumericsConfig
    input_range: float
    embedding_range: float
    layers: dict[str, Ranges]
    joint_range: float
    method: str = "mse"
    tables: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def input_scale(self) -> Rescale:
        """Real feature times this, rounded half up, is the integer that enters the first layer."""
        top = 1 << (self.numerics.activation_bits - 1)
        return Rescale.of(top / self.input_range, name="enc.quantise")

    @property
    def embedding_step(self) -> float:
        """Worth of one integer of an embedding."""
        return self.embedding_range / (1 << (self.numerics.activation_bits - 1))

    @property
    def act_step(self) -> float:
        """Worth of one integer of h and of every later activation."""
        return 2.0 ** -H_FRAC[self.numerics.activation_bits]

    def in_step(self, layer: str) -> float:
        """Worth of one integer that enters ``layer``."""
        if layer == "enc0":
            return float(1.0 / self.input_scale.real)
        return self.embedding_step if layer == "pred0" else self.act_step

    def _stored(self, layer: str, function: str) -> dict[str, np.ndarray] | None:
        prefix = f"{layer}.{function}."
        arrays = {name[len(prefix) :]: value for name, value in self.tables.items() if name.startswith(prefix)}
        return arrays if self.tables else None

    @cached_property
    def cells(self) -> dict[str, LstmCell]:
        """The point-wise half of each LSTM layer."""
        cells = {}
        for layer, ranges in self.layers.items():
            stored = {f: data for f in FUNCTIONS if (data := self._stored(layer, f)) is not None}
            cells[layer] = build_cell(self.numerics, ranges, stored, layer)
        return cells

    @cached_property
    def joint(self) -> Joint:
        """The joint's tanh."""
        return build_joint(self.numerics, self.joint_range, self._stored("joint", "tanh"))

    def with_tables(self) -> QuantScheme:
        """The same scheme with every table written out, as it travels in a model file."""
        tables: dict[str, np.ndarray] = {}
        for layer, cell in self.cells.items():
            for function in FUNCTIONS:
                unit = getattr(cell, function)
                tables |= {f"{layer}.{function}.{part}": value for part, value in unit.data.items()}
        tables |= {f"joint.tanh.{part}": value for part, value in self.joint.tanh.data.items()}
        return replace(self, tables=tables)

    def record(self) -> dict[str, Any]:
        """The record in model.json; tables go to the safetensors file."""
        return {
            "numerics": self.numerics.model_dump(mode="json"),
            "input_range": self.input_range,
            "embedding_range": self.embedding_range,
            "layers": {name: asdict(ranges) for name, ranges in self.layers.items()},
            "joint_range": self.joint_range,
            "method": self.method,
        }


def scheme_from_record(record: dict[str, Any], tables: dict[str, np.ndarray], source: object) -> QuantScheme:
    """The scheme that a ``record`` of model.json and its ``tables`` hold. Raises CheckpointError if they are wrong."""
    where = "quantisation.numerics"
    numerics = validated(NumericsConfig, record.get("numerics"), source, CheckpointError, within=where)
    try:
        scheme = QuantScheme(
            numerics=numerics,
            input_range=_range(record, "input_range"),
            embedding_range=_range(record, "embedding_range"),
            layers={str(name): _ranges(ranges) for name, ranges in record["layers"].items()},
            joint_range=_range(record, "joint_range"),
            method=str(record.get("method")),
            tables={name: _integers(name, value) for name, value in tables.items()},
        )
        _ = scheme.cells, scheme.joint  # refuses wrong tables here, where the file can be named
        expected = replace(scheme, tables={}).with_tables().tables
    except NumericsError as error:
        raise CheckpointError(source, f"quantisation.{error.field}", error.value, error.allowed) from None
    except (KeyError, TypeError, AttributeError):
        raise CheckpointError(source, "quantisation", "...", "is incomplete, or of another form") from None
    for name in sorted(expected.keys() ^ tables.keys()):
        why = "is unknown" if name in tables else "is missing"
        raise CheckpointError(source, f"tables.{name}", NOT_GIVEN, f"{why}: tables of another chip or recipe")
    return scheme


def refuse_other_layers(scheme: QuantScheme, layers: Sequence[str], source: object) -> None:
    """Raise CheckpointError unless ``scheme`` has ranges for just these ``layers``, those of its model."""
    for layer in sorted(scheme.layers.keys() ^ set(layers)):
        why = "are unknown to its recipe" if layer in scheme.layers else "are missing: a checkpoint of another recipe"
        raise CheckpointError(source, f"ranges of {layer}", NOT_GIVEN, why)


def _integers(name: str, table: np.ndarray) -> np.ndarray:
    if table.dtype not in (np.int32, np.int64):
        raise NumericsError("quantisation", f"tables.{name}", str(table.dtype), "must be int32")
    return table.astype(np.int64)


def _ranges(record: dict[str, Any]) -> Ranges:
    return Ranges(**{name: _range(record, name) for name in Ranges.__annotations__})


def _range(record: dict[str, Any], name: str) -> float:
    value = record[name]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= 1e6:
        raise NumericsError("quantisation", name, value, "must be a number greater than 0 and at most 1e6")
    return float(value)
