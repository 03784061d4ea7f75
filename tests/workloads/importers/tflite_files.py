"""Small TensorFlow Lite files that tests make, and what a LiteRT interpreter says of them."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workloads.stepgraph.graph import Array

tflite = pytest.importorskip("tflite", reason="tflite is not installed")
flatbuffers = pytest.importorskip("flatbuffers", reason="flatbuffers is not installed")


def wake_words() -> list[Path]:
    """The four models of microWakeWord; the test is skipped where they are not installed."""
    package = importlib.util.find_spec("pymicro_wakeword")
    if package is None or package.origin is None:
        pytest.skip("pymicro-wakeword is not installed")
    return sorted((Path(package.origin).parent / "models").glob("*.tflite"))


def wake_word(name: str) -> Path:
    """One of them."""
    return next(path for path in wake_words() if path.stem == name)


@dataclass
class T:
    """A tensor: of ``shape``, or the constant ``data``; ``scale`` and ``zero`` where it is quantised along ``axis``."""

    shape: Sequence[int] = ()
    type: str = "FLOAT32"
    data: Array | bytes | None = None
    scale: float | Sequence[float] | None = None
    zero: int | Sequence[int] = 0
    axis: int = 0
    name: str | None = None
    signature: Sequence[int] | None = None
    variable: bool = False
    sparse: bool = False
    buffer: int | None = None


def constant(data: Any, **more: Any) -> T:
    """A tensor that holds ``data``."""
    array = np.asarray(data)
    return T(array.shape, array.dtype.name.upper(), array, **more)


@dataclass
class Op:
    """An operator by the schema's word. ``options``: the kind's word and its fields as the builder names them."""

    word: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    kind: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: str = ""
    intermediates: Sequence[int] = ()


@dataclass
class G:
    """A subgraph."""

    tensors: Sequence[T]
    ops: Sequence[Op]
    inputs: Sequence[int] = (0,)
    outputs: Sequence[int] = (-1,)


def file_bytes(*graphs: G, entries: int = 0, codes: int | None = None) -> bytes:
    """A file of these subgraphs. ``entries``: signatures, each of a subgraph of its own; ``codes``: a wrong code."""
    builder = flatbuffers.Builder(1024)
    buffers = [b""]
    words = list(dict.fromkeys((op.word, op.custom) for graph in graphs for op in graph.ops))
    made = [_graph(builder, graph, buffers, words) for graph in graphs]
    stored = [_table(builder, "Buffer", Data=_bytes(builder, data) if data else None) for data in buffers]
    opcodes = [_opcode(builder, word, custom) for word, custom in words]
    signatures = [_table(builder, "SignatureDef", SubgraphIndex=number) for number in range(entries)]
    model = _table(
        builder, "Model", Version=3, OperatorCodes=_offsets(builder, opcodes), Subgraphs=_offsets(builder, made),
        Buffers=_offsets(builder, stored), SignatureDefs=_offsets(builder, signatures) if entries else None,
    )  # fmt: skip
    builder.Finish(model, file_identifier=b"TFL3")
    return bytes(builder.Output())


def _table(builder: Any, kind: str, **fields: Any) -> int:
    """A table of the schema with those ``fields`` that are not None."""
    getattr(tflite, f"{kind}Start")(builder)
    for name, value in fields.items():
        if value is not None:
            getattr(tflite, f"{kind}Add{name}")(builder, value)
    return int(getattr(tflite, f"{kind}End")(builder))


def _offsets(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _bytes(builder: Any, data: bytes) -> int:
    builder.StartVector(1, len(data), 16)
    builder.head -= len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return int(builder.EndVector())


def _vector(builder: Any, numbers: Any, dtype: str) -> int:
    return int(builder.CreateNumpyVector(np.asarray(list(numbers), dtype)))


def _opcode(builder: Any, word: str, custom: str) -> int:
    number = getattr(tflite.BuiltinOperator, word) if isinstance(word, str) else word
    name = builder.CreateString(custom) if custom else None
    return _table(
        builder, "OperatorCode", DeprecatedBuiltinCode=min(number, 127), BuiltinCode=number, CustomCode=name, Version=1
    )


def _graph(builder: Any, graph: G, buffers: list[bytes], words: Sequence[tuple[str, str]]) -> int:
    tensors = [_tensor(builder, number, tensor, buffers) for number, tensor in enumerate(graph.tensors)]
    ops = [_op(builder, op, words) for op in graph.ops]
    count = len(tensors)
    return _table(
        builder, "SubGraph", Tensors=_offsets(builder, tensors), Operators=_offsets(builder, ops),
        Inputs=_vector(builder, graph.inputs, "int32"),
        Outputs=_vector(builder, [out % count for out in graph.outputs], "int32"),
    )  # fmt: skip


def _tensor(builder: Any, number: int, tensor: T, buffers: list[bytes]) -> int:
    place = 0
    if tensor.data is not None:
        buffers.append(tensor.data if isinstance(tensor.data, bytes) else tensor.data.tobytes())
        place = len(buffers) - 1
    quantisation = sparsity = None
    if tensor.scale is not None:
        scales, zeros = np.atleast_1d(tensor.scale), np.atleast_1d(tensor.zero)
        quantisation = _table(
            builder, "QuantizationParameters", Scale=_vector(builder, scales, "float32"),
            ZeroPoint=_vector(builder, zeros, "int64"), QuantizedDimension=tensor.axis,
        )  # fmt: skip
    if tensor.sparse:
        sparsity = _table(builder, "SparsityParameters")
    return _table(
        builder, "Tensor", Shape=_vector(builder, tensor.shape, "int32"),
        Type=getattr(tflite.TensorType, tensor.type), Buffer=place if tensor.buffer is None else tensor.buffer,
        Name=builder.CreateString(tensor.name if tensor.name is not None else f"t{number}"),
        Quantization=quantisation, IsVariable=tensor.variable, Sparsity=sparsity,
        ShapeSignature=None if tensor.signature is None else _vector(builder, tensor.signature, "int32"),
    )  # fmt: skip


def _op(builder: Any, op: Op, words: Sequence[tuple[str, str]]) -> int:
    options = None
    if op.kind:
        fields = {name: _field(builder, value) for name, value in op.options.items()}
        options = _table(builder, op.kind, **fields)
    return _table(
        builder, "Operator", OpcodeIndex=words.index((op.word, op.custom)), Inputs=_vector(builder, op.inputs, "int32"),
        Outputs=_vector(builder, op.outputs, "int32"), BuiltinOptions=options,
        BuiltinOptionsType=getattr(tflite.BuiltinOptions, op.kind) if op.kind else 0,
        Intermediates=_vector(builder, op.intermediates, "int32") if op.intermediates else None,
    )  # fmt: skip


def _field(builder: Any, value: Any) -> Any:
    if isinstance(value, str):
        return builder.CreateString(value)
    return _vector(builder, value, "int32") if isinstance(value, list | tuple) else value


class Runtime:
    """A LiteRT interpreter of a file's bytes, with the reference kernels, every tensor kept."""

    def __init__(self, model: bytes | Path) -> None:
        litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
        self.interpreter = litert.Interpreter(
            model_content=model if isinstance(model, bytes) else model.read_bytes(), num_threads=1,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF, experimental_preserve_all_tensors=True,
        )  # fmt: skip
        self.interpreter.allocate_tensors()
        self.places = {detail["name"]: detail["index"] for detail in self.interpreter.get_tensor_details()}

    def __call__(self, *inputs: Array) -> list[Array]:
        """The outputs of one call."""
        for detail, values in zip(self.interpreter.get_input_details(), inputs, strict=True):
            self.interpreter.set_tensor(detail["index"], values)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(detail["index"]) for detail in self.interpreter.get_output_details()]

    def value(self, name: str) -> Array:
        """A tensor by name, after a call."""
        return self.interpreter.get_tensor(self.places[name])  # type: ignore[no-any-return]
