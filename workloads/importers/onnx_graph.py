"""An ONNX ModelProto as a RawModel: the same graph, free of protobuf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim.errors import ModelError
from workloads.importers.onnx_file import opsets, plain, text
from workloads.importers.onnx_tensors import array_of, read_type, type_name
from workloads.stepgraph.concrete.raw import RawFunction, RawGraph, RawInput, RawModel, RawNode
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

_FLOAT, _INT, _STRING, _TENSOR, _GRAPH, _FLOATS, _INTS, _STRINGS = range(1, 9)
_TYPE_NAMES = dict(enumerate(("UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS")))
_FIELDS = {
    "f": _FLOAT, "i": _INT, "s": _STRING, "t": _TENSOR, "g": _GRAPH, "floats": _FLOATS, "ints": _INTS,
    "strings": _STRINGS,
}  # fmt: skip
"""The field of an attribute that holds the value of its type; where it is left out, the value is zero or empty."""
_TYPE_NUMBERS = ("to", "dtype", "output_datatype")  # attributes that name an element type


class Reading:
    """The reading of one model, whose external data lies in ``folder``."""

    def __init__(self, model: ModelProto, path: Path) -> None:
        self.model, self.path, self.folder = model, path, path.parent
        self._opsets = opsets(model)

    def raw(self) -> RawModel:
        """The whole model."""
        _refuse_declared_twice(self.path, self.model)
        _refuse_other_defaults(self.path, self.model.graph)
        graph = self._graph(self.model.graph, self._opsets)
        return RawModel(
            name=self.path.name,
            graph=graph,
            inputs={
                _name(value): _input(value) for value in self.model.graph.input if _name(value) not in graph.constants
            },
            functions={
                (text(function.domain), _name(function)): self._function(function) for function in self.model.functions
            },
            origin=self._origin(),
        )

    def _origin(self) -> dict[str, str]:
        producer = f"{text(self.model.producer_name)} {text(self.model.producer_version)}".strip()
        version = f"opset {self._opsets.get('', 0)}"
        return {"file": self.path.name, "format": "ONNX", "version": version} | (
            {"producer": producer} if producer else {}
        )

    def _graph(self, graph: GraphProto, versions: Mapping[str, int]) -> RawGraph:
        constants: dict[str, Array | CannotEnterError] = {
            text(tensor.name): self._array(tensor) for tensor in graph.initializer
        }
        for sparse in graph.sparse_initializer:
            constants[text(sparse.values.name)] = CannotEnterError("is sparse", "store all of its elements")
        for name in repeated(_constant_names(graph)):
            constants[name] = CannotEnterError("is stored twice, so which of both counts is not said")
        return RawGraph(
            nodes=tuple(self._node(node, versions) for node in graph.node),
            inputs=tuple(name for name in map(_name, graph.input) if name not in constants),
            outputs=tuple(map(_name, graph.output)),
            constants=constants,
        )

    def _function(self, function: FunctionProto) -> RawFunction:
        versions = opsets(function)
        body = RawGraph(
            nodes=tuple(self._node(node, versions) for node in function.node),
            inputs=tuple(map(text, function.input)),
            outputs=tuple(map(text, function.output)),
        )
        return RawFunction(
            body,
            {_name(attribute): self._value(attribute, versions) for attribute in function.attribute_proto},
            tuple(map(text, function.attribute)),
        )

    def _node(self, node: NodeProto, versions: Mapping[str, int]) -> RawNode:
        domain = plain(node.domain)
        own = [attribute for attribute in node.attribute if not attribute.ref_attr_name]
        taken = [attribute for attribute in node.attribute if attribute.ref_attr_name]
        return RawNode(
            name=text(node.name),
            operator=text(node.op_type),
            inputs=tuple(map(text, node.input)),
            outputs=tuple(map(text, node.output)),
            attributes={_name(attribute): self._value(attribute, versions) for attribute in own}
            | {
                name: CannotEnterError(f"says its attribute {name} twice")
                for name in repeated(map(_name, node.attribute))
            },
            references={_name(attribute): text(attribute.ref_attr_name) for attribute in taken},
            domain=domain,
            opset=versions.get(domain, 0),
        )

    def _value(self, attribute: AttributeProto, versions: Mapping[str, int]) -> Any:
        kind = attribute.type
        if others := [name for name, of in _FIELDS.items() if of != kind and _holds(attribute, name)]:
            return CannotEnterError(
                f"its attribute {_name(attribute)} is of the type {_TYPE_NAMES.get(kind, kind)}, and holds {others[0]}"
            )
        if attribute.name in _TYPE_NUMBERS and kind == _STRING:
            return CannotEnterError(f"its attribute {attribute.name} names no element type by its number")
        if kind == _INT:
            return type_name(attribute.i) if attribute.name in _TYPE_NUMBERS else attribute.i
        if kind == _FLOAT:
            return attribute.f
        if kind == _INTS:
            return tuple(attribute.ints)
        if kind == _FLOATS:
            return tuple(attribute.floats)
        if kind == _STRING:
            return text(attribute.s)
        if kind == _STRINGS:
            return tuple(map(text, attribute.strings))
        if kind == _TENSOR:
            return self._array(attribute.t)
        if kind == _GRAPH:
            return self._graph(attribute.g, versions)
        return CannotEnterError(f"its attribute {_name(attribute)} holds neither numbers, texts, a tensor nor a graph")

    def _array(self, tensor: TensorProto) -> Array | CannotEnterError:
        try:
            return array_of(tensor, self.folder)
        except CannotEnterError as error:
            return error


def _refuse_declared_twice(path: Path, model: ModelProto) -> None:
    """Raise ModelError for names that the model declares twice, and operator sets of two versions."""
    declared: Mapping[str, Iterable[str]] = {
        "opset_import": (plain(entry.domain) or "ai.onnx" for entry in model.opset_import),
        "graph.input": map(_name, model.graph.input),
        "graph.output": map(_name, model.graph.output),
        "functions": (f"{text(function.domain)}:{_name(function)}" for function in model.functions),
    }
    for field, names in declared.items():
        if twice := repeated(names):
            raise ModelError(path, field, twice[0], "is declared more than once, where once is allowed")


def _refuse_other_defaults(path: Path, graph: GraphProto) -> None:
    """Raise ModelError for an input of one shape whose stored value has another."""
    stored = {text(tensor.name): tuple(tensor.dims) for tensor in graph.initializer}
    for declared in graph.input:
        tensor = declared.type.tensor_type
        shape = stored.get(name := _name(declared))
        if shape is None or not tensor.HasField("shape"):
            continue
        axes = _axes(tensor.shape.dim)
        if len(axes) != len(shape) or any(a != b for a, b in zip(axes, shape, strict=True) if isinstance(a, int)):
            why = (
                f"must have the shape {tuple('?' if axis is None else axis for axis in axes)} that graph.input declares"
            )
            raise ModelError(path, f"graph.initializer.{name}", shape, why)


def repeated(names: Iterable[str]) -> list[str]:
    """The names that come more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _constant_names(graph: GraphProto) -> Iterator[str]:
    yield from (text(tensor.name) for tensor in graph.initializer)
    yield from (text(sparse.values.name) for sparse in graph.sparse_initializer)


def _holds(attribute: AttributeProto, field: str) -> bool:
    """Whether a field of an attribute is set: one that repeats if it is not empty."""
    value = getattr(attribute, field)
    return bool(len(value)) if field.endswith("s") and field != "s" else bool(attribute.HasField(field))


def _name(message: Any) -> str:
    return text(message.name)


def _input(value: ValueInfoProto) -> RawInput | CannotEnterError:
    """The declaration of an input, floats of any precision as float32; or the reason why it is not a tensor of
    numbers.
    """
    if value.type.WhichOneof("value") != "tensor_type":
        return CannotEnterError("is no tensor", "export the model with one input for each tensor")
    tensor = value.type.tensor_type
    try:
        dtype = read_type(tensor.elem_type)
    except CannotEnterError as error:
        return error
    dtype = "float32" if dtype == "float64" else dtype
    return RawInput(_axes(tensor.shape.dim) if tensor.HasField("shape") else None, dtype)


def _axes(dims: Sequence[Any]) -> tuple[int | str | None, ...]:
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else text(dim.dim_param) or None
        for dim in dims
    )
