"""The things that an axis may change: a field of the chip, the place of a group of operations, the system, an option of
the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from nnasim.allowed import Spot, below, field_names, record_types
from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.hardware.read_latency import CYCLES
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir.trace import OP_GROUPS, System
from nnasim.records import unknown_key

Scalar = str | int | float | bool | None
Target = Literal["chip", "placement", "system", "options"]

OPTIONS = ("endpointer_ms",)
OTHER_ROOTS = ("placement", "system", "options")
NODE = "node_nm"


@dataclass(frozen=True)
class Field:
    """A thing that varies. ``number``: how a number is stored; None if the value is a word or a choice."""

    name: str
    target: Target
    number: type[int] | type[float] | None

    @property
    def leaf(self) -> str:
        """The last part of the name, such as ``joint_tanh`` of ``placement.joint_tanh``."""
        return self.name.rpartition(".")[2]

    def coerce(self, value: Scalar) -> Scalar:
        """``value`` as the field stores it, so that 5 and 5.0 are one point; a value that does not fit is left
        unchanged.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if self.number is float:
            return float(value)
        return int(value) if self.number is int and value == int(value) else value


def find_field(name: str, source: object) -> Field:
    """The field that ``name`` means. Raises ConfigError, which lists the known names."""
    root, _, leaf = name.partition(".")
    if name == "system":
        return Field(name, "system", None)
    if root == "placement":
        _check_leaf(name, leaf, OP_GROUPS, source)
        return Field(name, "placement", None)
    if root == "options":
        _check_leaf(name, leaf, OPTIONS, source)
        return Field(name, "options", float)
    return Field(name, "chip", _number_of(name, source))


def words_of(field: Field) -> tuple[str, ...] | None:
    """The only values that a field outside the chip takes; None if the chip's own rules decide."""
    return {"placement": ("cpu", "nna"), "system": get_args(System)}.get(field.target)


def _check_leaf(name: str, leaf: str, names: Sequence[str], source: object) -> None:
    if leaf not in names:
        _refuse(name, leaf, list(names), source)


def _number_of(name: str, source: object) -> type[int] | type[float] | None:
    if name == CYCLES:
        return int
    spots, parts = [Spot(NnaConfig)], name.split(".")
    for part in parts:
        inner = below(spots, part)
        if not inner or name in DESCRIPTIVE:
            _refuse(name, part, _known(spots), source)
        spots = inner
    *sections, leaf = parts
    if leaf == NODE and sections in (["energy"], ["area"]):
        raise ConfigError(
            source, "axes", name, "must not vary: a table is of one node; for another node use another base"
        )
    if inside := field_names(spots):
        raise ConfigError(source, "axes", name, f"is a section, name one of its fields: {name}.{inside[0]}")
    types = {kind for spot in spots for kind in _types(spot.type)}
    return int if int in types and float not in types else float if float in types else None


def _known(spots: Sequence[Spot]) -> list[str]:
    names = [name for name in field_names(spots) if name not in DESCRIPTIVE]
    return [*names, *OTHER_ROOTS] if record_types(spots) == [NnaConfig] else names


def _refuse(name: str, part: str, names: list[str], source: object) -> NoReturn:
    raise ConfigError(source, "axes", name, unknown_key(part, names))


def _types(annotation: Any) -> Iterator[Any]:
    """The plain types within an annotation: of ``Annotated[int, ...] | None`` int and NoneType."""
    arguments = get_args(annotation)
    yield annotation
    for argument in arguments:
        if isinstance(argument, type) or get_args(argument):
            yield from _types(argument)
