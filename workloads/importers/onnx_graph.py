"""An ONNX ModelProto as a RawModel: the same graph, free of protobuf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.importers.onnx_file import opsets, plain, text
from workloads.importers.onnx_tensors import array_of, read_type, type_name
from workloads.stepgraph.concrete.raw import RawFunction, RawGraph, RawInput, RawModel, RawNode
from workloads.stepgraph.graph import Array
from workloads.stepgraph.refusals import CannotEnterError

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

_FLOAT, _INT, _STRING, _TENSOR, _GRAPH, _FLOATS, _INTS, _STRINGS = range(1, 9)
_TYPE_NUMBERS = ("to", "dtype", "output_datatype")  # attributes that name an element type


class Reading:
    """The reading of one model, whose external data lies in ``folder``."""

    def __init__(self, model: ModelProto, path: Path) -> None:
        self.model, self.path, self.folder = model, path, path.parent
        self._opsets = opsets(model)

    def raw(self) -> RawModel:
        """The whole model."""
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
            body, {_name(attribute): self._value(attribute, versions) for attribute in function.attribute_proto}
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
            attributes={_name(attribute): self._value(attribute, versions) for attribute in own},
            references={_name(attribute): text(attribute.ref_attr_name) for attribute in taken},
            domain=domain,
            opset=versions.get(domain, 0),
        )

    def _value(self, attribute: AttributeProto, versions: Mapping[str, int]) -> Any:
        kind = attribute.type
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
