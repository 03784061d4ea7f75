"""ONNX and TFLite models that could cost much."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.costly.attack import (
    Attack,
    Write,
    both,
    sparse_file,
    text_file,
)


def _node(operator: str, inputs: list[str], outputs: list[str], **attributes: object):
    from onnx import helper

    return helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes)


def _onnx(make: Callable[[], bytes], name: str = "h.onnx") -> Write:
    return text_file(name, make)


def _model(nodes: list, tensors: list, shape: tuple[int, ...] = (1, 4)) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in (("x", shape), ("y", None)))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    return onnx.ModelProto(ir_version=8, graph=graph, opset_import=[helper.make_opsetid("", 17)]).SerializeToString()


def _many_nodes(count: int) -> Callable[[], bytes]:
    def make() -> bytes:
        nodes = [_node("Relu", [f"a{n - 1}" if n else "x"], [f"a{n}"]) for n in range(count)]
        return _model([*nodes, _node("Relu", [f"a{count - 1}"], ["y"])], [])

    return make


def _doubled(times: int) -> Callable[[], bytes]:
    """Concatenated with itself over and over: twice the elements each time."""

    def make() -> bytes:
        nodes = [_node("Concat", [f"a{n - 1}" if n else "x"] * 2, [f"a{n}"], axis=1) for n in range(times)]
        return _model([*nodes, _node("Relu", [f"a{times - 1}"], ["y"])], [])

    return make


def _constant(name: str, *values: int):
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, np.int64), name)


def _filled(operator: str) -> Callable[[], bytes]:
    """A constant of 10^12 elements that a few bytes ask for."""

    def make() -> bytes:
        if operator == "Range":
            made = _node("Range", ["zero", "many", "one"], ["large"])
            sizes = [_scalar("zero", 0), _scalar("many", 10**12), _scalar("one", 1)]
        else:
            made = _node(operator, ["size"] if operator == "ConstantOfShape" else ["x", "size"], ["large"])
            sizes = [_constant("size", 10**6, 10**6)]
        ends = [] if operator != "Range" else [_node("Cast", ["large"], ["cast"], to=1)]
        last = "cast" if ends else "large"
        return _model(
            [made, *ends, _node("ReduceMean", [last], ["m"], keepdims=0), _node("Add", ["x", "m"], ["y"])], sizes
        )

    return make


def _scalar(name: str, value: int):
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(value, np.int64), name)


def _external(size: int) -> Write:
    """Weights of ``size`` bytes beside the model, zeros that the disk does not hold."""

    def make() -> bytes:
        from onnx import TensorProto

        columns = size // 16
        weight = TensorProto(name="w", dims=[4, columns], data_type=1, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="h.bin")
        return _model([_node("MatMul", ["x", "w"], ["y"])], [weight])

    return both(_onnx(make), sparse_file("h.bin", size))


def _many_externals(folder: Path) -> None:
    """Write a model of a thousand weights, each the same 64 MB of one file."""
    from onnx import TensorProto

    tensors, nodes = [], []
    for number in range(1000):
        weight = TensorProto(name=f"w{number}", dims=[4, 4_000_000], data_type=1, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="h.bin")
        tensors.append(weight)
        nodes.append(_node("MatMul", ["x", f"w{number}"], [f"y{number}" if number else "y"]))
    (folder / "h.onnx").write_bytes(_model(nodes, tensors))
    sparse_file("h.bin", 64_000_000)(folder)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _deep_ifs(depth: int) -> Callable[[], bytes]:
    """One branch within the other."""

    def make() -> bytes:
        from onnx import TensorProto, helper

        output = _field(12, helper.make_tensor_value_info("y", TensorProto.FLOAT, None).SerializeToString())
        inner = _node("Relu", ["x"], ["y"]).SerializeToString()
        for _ in range(depth):
            body = _field(1, inner) + output
            branches = [
                _field(5, _field(1, name) + _field(6, body) + _varint(20 << 3) + b"\x05")
                for name in (b"then_branch", b"else_branch")
            ]
            inner = _field(1, b"x") + _field(2, b"y") + _field(4, b"If") + branches[0]
        graph = _field(1, inner) + _field(11, helper.make_tensor_value_info("x", 1, [1]).SerializeToString()) + output
        return _varint(1 << 3) + b"\x08" + _field(7, graph) + _field(8, helper.make_opsetid("", 17).SerializeToString())

    return make


def _loop(trips: int) -> Callable[[], bytes]:
    def make() -> bytes:
        from onnx import TensorProto, helper

        info = helper.make_tensor_value_info
        body = helper.make_graph(
            [_node("Relu", ["in"], ["out"]), _node("Identity", ["c"], ["go"])],
            "body",
            [info("n", TensorProto.INT64, []), info("c", TensorProto.BOOL, []), info("in", 1, [1, 4])],
            [info("go", TensorProto.BOOL, []), info("out", 1, [1, 4])],
        )
        return _model([_node("Loop", ["trips", "", "x"], ["y"], body=body)], [_scalar("trips", trips)])

    return make


def _tiny_fields(folder: Path) -> None:
    """190 MB of empty nodes, two bytes each."""
    graph = b"\x0a\x00" * 95_000_000
    (folder / "h.onnx").write_bytes(_varint(1 << 3) + b"\x08" + _field(7, graph))


def _strings(folder: Path) -> None:
    """190 MB of a node's inputs, each of one letter."""
    node = b"\x0a\x01x" * 60_000_000
    (folder / "h.onnx").write_bytes(_varint(1 << 3) + b"\x08" + _field(7, _field(1, node)))


def _tflite_zeros(size: int) -> Write:
    return sparse_file("h.tflite", size, b"\x1c\0\0\0TFL3" + bytes(60))


def _tflite_vectors(folder: Path) -> None:
    """Write a table whose vector says 2^30 members."""
    data = bytearray((folder / "model.tflite").read_bytes())
    for place in range(8, len(data) - 4, 4):
        if struct.unpack_from("<I", data, place)[0] in (2, 3, 5):
            struct.pack_into("<I", data, place, 2**30)
    (folder / "h.tflite").write_bytes(data)


IMPORT = "import h.onnx --period-ms 10 --seconds 0.05 --out out.json"

TFLITE = "import h.tflite --period-ms 10 --out out.json"

ATTACKS = (
    Attack("ONNX: 20,000 nodes", _onnx(_many_nodes(20_000)), IMPORT),
    Attack("ONNX: 60,000 nodes", _onnx(_many_nodes(60_000)), IMPORT),
    Attack("ONNX: 400,000 nodes", _onnx(_many_nodes(400_000)), IMPORT),
    Attack("ONNX: 95,000,000 empty nodes", _tiny_fields, IMPORT),
    Attack("ONNX: a node of 60,000,000 inputs", _strings, IMPORT),
    Attack("ONNX: twice the elements, 40 times", _onnx(_doubled(40)), IMPORT),
    Attack("ONNX: twice the elements, 24 times", _onnx(_doubled(24)), IMPORT),
    Attack("ONNX: a constant of 10^12 elements", _onnx(_filled("ConstantOfShape")), IMPORT),
    Attack("ONNX: Range of 10^12 elements", _onnx(_filled("Range")), IMPORT),
    Attack("ONNX: Expand to 10^12 elements", _onnx(_filled("Expand")), IMPORT),
    Attack("ONNX: Tile to 10^12 elements", _onnx(_filled("Tile")), IMPORT),
    Attack("ONNX: 16 GB of weights beside it", _external(16_000_000_000), IMPORT),
    Attack("ONNX: 1.6 GB of weights beside it", _external(1_600_000_000), IMPORT),
    Attack("ONNX: 1,000 weights, each the same 64 MB", _many_externals, IMPORT),
    Attack("ONNX: 10,000 branches within each other", _onnx(_deep_ifs(10_000)), IMPORT),
    Attack("ONNX: a loop of 10^12 rounds", _onnx(_loop(10**12)), IMPORT),
    Attack("ONNX: a loop of 9,999 rounds", _onnx(_loop(9_999)), IMPORT),
    Attack("ONNX: 3.9 GB, sparse", sparse_file("h.onnx"), IMPORT),
    Attack("ONNX: 190 MB of zeros", sparse_file("h.onnx", 190_000_000), IMPORT),
    Attack("TFLite: 3.9 GB, sparse", _tflite_zeros(3_900_000_000), TFLITE),
    Attack("TFLite: 250 MB of zeros", _tflite_zeros(250_000_000), TFLITE),
    Attack("TFLite: vectors of 2^30", _tflite_vectors, TFLITE),
)
