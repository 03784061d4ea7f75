"""What an axis may change: a field of the chip, where a group of operations runs, the system, an option of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from pydantic import BaseModel

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig
from nnasim.hardware.read_latency import CYCLES
from nnasim.ir.trace import OP_GROUPS, System
from nnasim.records import section_model, unknown_key

Scalar = str | int | float | bool | None
Target = Literal["chip", "placement", "system", "options"]

OPTIONS = ("endpointer_ms",)
OTHER_ROOTS = ("placement", "system", "options")
_WORDS = ("name", "description")  # they determine nothing
NODE = "node_nm"


@dataclass(frozen=True)
class Field:
    """A thing that varies. ``number``: how a number is stored; None where the value is a word or a choice."""

    name: str
    target: Target
    number: type[int] | type[float] | None

    @property
    def leaf(self) -> str:
        """The last part of the name, such as ``joint_tanh`` of ``placement.joint_tanh``."""
        return self.name.rpartition(".")[2]

    def coerce(self, value: Scalar) -> Scalar:
        """``value`` as the field stores it, so that 5 and 5.0 are one point; what does not fit is left as it is."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if self.number is float:
            return float(value)
        return int(value) if self.number is int and value == int(value) else value


def find_field(name: str, source: object) -> Field:
    """The field that ``name`` means. ConfigError lists what there is."""
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
    """The only values that a field outside the chip takes; None where the chip's own rules decide."""
    return {"placement": ("cpu", "nna"), "system": get_args(System)}.get(field.target)


def _check_leaf(name: str, leaf: str, known: Sequence[str], source: object) -> None:
    if leaf not in known:
        _refuse(name, leaf, list(known), source)


def _number_of(name: str, source: object) -> type[int] | type[float] | None:
    if name == CYCLES:
        return int
    model: type[BaseModel] | None = NnaConfig
    *sections, leaf = name.split(".")
    for section in sections:
        model = _below(model, section, name, source)
    if leaf == NODE and sections in (["energy"], ["area"]):
        raise ConfigError(
            source, "axes", name, "a table is of one node; a study of another starts from a base of its own"
        )
    if model is None or leaf not in model.model_fields or (model is NnaConfig and leaf in _WORDS):
        _refuse(name, leaf, _known(model), source)
    if section_model(model, leaf) is not None:
        raise ConfigError(
            source, "axes", name, f"is a section, name one of its fields: {name}.{_an_example(model, leaf)}"
        )
    types = set(_types(model.model_fields[leaf].annotation))
    return int if int in types and float not in types else float if float in types else None


def _below(model: type[BaseModel] | None, section: str, name: str, source: object) -> type[BaseModel] | None:
    if model is None or section not in model.model_fields:
        _refuse(name, section, _known(model), source)
    return section_model(model, section)


def _known(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [key for key in model.model_fields if key not in _WORDS] + (list(OTHER_ROOTS) if model is NnaConfig else [])


def _refuse(name: str, part: str, known: list[str], source: object) -> NoReturn:
    raise ConfigError(source, "axes", name, unknown_key(part, known))


def _an_example(model: type[BaseModel], leaf: str) -> str:
    section = section_model(model, leaf)
    return next(iter(section.model_fields)) if section else ""


def _types(annotation: Any) -> Iterator[Any]:
    """The plain types within an annotation: of ``Annotated[int, ...] | None`` int and NoneType."""
    arguments = get_args(annotation)
    yield annotation
    for argument in arguments:
        if isinstance(argument, type) or get_args(argument):
            yield from _types(argument)
