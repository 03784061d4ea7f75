"""Attacks on the limits of arrays and of models."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.limits.over import Over, Write, sparse, text

ONNX = "import h.onnx --period-ms 10 --seconds 0.05 --out out.json"
TFLITE = "import h.tflite --period-ms 10 --out out.json"
EVALUATE = "evaluate --manifest manifest.jsonl --checkpoint h --system float --limit 1"
CALIBRATE = "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.npz"


def integers(folder: Path, number: int) -> None:
    """A trace, and a file of its integers that has so many bytes."""
    trace = json.loads((folder / "imported.json").read_text())
    (folder / "h.json").write_text(json.dumps({**trace, "weights_file": "h.safetensors"}))
    head = one_array(number)
    sparse("h.safetensors", struct.pack("<Q", len(head)) + head)(folder, number)


def weights(head: Callable[[int], bytes]) -> Write:
    """A checkpoint whose weights have this header."""

    def write(folder: Path, number: int) -> None:
        (folder / "h").mkdir()
        (folder / "h/model.json").write_bytes((folder / "checkpoint/model.json").read_bytes())
        header = head(number)
        (folder / "h/model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)

    return write


def one_array(number: int) -> bytes:
    """The header of a file of so many bytes that holds one array."""

    def head(size: int) -> bytes:
        return json.dumps({"x": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()

    return head(number - 8 - len(head(number)))


def npz(members: Callable[[int], list[bytes]]) -> Write:
    """An .npz of these arrays, the first named x."""

    def write(folder: Path, number: int) -> None:
        with zipfile.ZipFile(folder / "h.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            for place, member in enumerate(members(number)):
                archive.writestr(f"x{place or ''}.npy", member)

    return write


def npy(array: np.ndarray) -> bytes:
    """``array`` as numpy writes it."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def long_header(number: int) -> list[bytes]:
    """An array whose header has so many characters."""
    array = np.zeros((12, 1, 4), np.float32)
    head = str({"descr": "<f4", "fortran_order": False, "shape": array.shape}).ljust(number - 1) + "\n"
    return [b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + array.tobytes()]


def tflite(make: Callable[[Any, int], Any]) -> Write:
    """A TensorFlow Lite file of the graph that ``make`` gives."""

    def write(folder: Path, number: int) -> None:
        from tests.workloads.importers import tflite_files

        (folder / "h.tflite").write_bytes(tflite_files.file_bytes(make(tflite_files, number)))

    return write


def shaped(files: Any, shape: tuple[int, ...], **more: Any) -> Any:
    """A graph that begins with a tensor of this shape."""
    tensors = [files.T(shape, "INT8", scale=0.5, **more), files.T(shape, "INT8", scale=0.5)]
    return files.G(tensors, [files.Op("RELU", [0], [1])])


def constants(files: Any, number: int) -> Any:
    """Constants of so many elements together, all the same bytes."""
    data = np.zeros(2**20, np.int8)
    every = [files.constant(data, scale=0.5)]
    every += [files.T(data.shape, "INT8", scale=0.5, buffer=1) for _ in range(number // data.size - 1)]
    last = files.constant(np.zeros(max(1, number % data.size), np.int8), scale=0.5)
    return files.G([files.T((1, 2), "INT8", scale=0.5), *every, last], [files.Op("RELU", [0], [0])], outputs=(0,))


def folded(files: Any, number: int) -> Any:
    """A constant of so many elements that is computed with."""
    large = files.constant(np.zeros((1, number), np.int8), scale=0.5)
    tensors = [files.T((1, 2), "INT8", scale=0.5), large, files.T((1, number), "INT8", scale=0.5)]
    return files.G(tensors, [files.Op("RELU", [1], [2])], outputs=(2,))


def many_parts(folder: Path, number: int) -> None:
    """A file whose list of operators says that it has so many."""
    import tflite as schema

    data = bytearray((folder / "model.tflite").read_bytes())
    graph = schema.Model.GetRootAs(data, 0).Subgraphs(0)
    at = graph._tab.Vector(graph._tab.Offset(10)) - 4
    assert struct.unpack_from("<I", data, at)[0] == graph.OperatorsLength()
    struct.pack_into("<I", data, at, number)
    (folder / "h.tflite").write_bytes(data + bytes(4 * number))


def varint(number: int) -> bytes:
    """``number`` as protobuf writes it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, payload: bytes) -> bytes:
    """A field of a message."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def fields(number: int) -> bytes:
    """A graph of empty nodes, and its own field, so many together."""
    return field(7, b"\x0a\x00" * (number - 1))


def nested(number: int) -> bytes:
    """A type within a type, so many messages deep."""
    message = b""
    for depth in range(number, 3, -1):
        message = field(1 if depth % 2 else 4, message)
    return field(7, field(13, field(2, message)))


def onnx(make: Callable[[Any, int], Any]) -> Write:
    """An ONNX file of what ``make`` gives: nodes, constants, and the shape of x."""

    def write(folder: Path, number: int) -> None:
        from onnx import ModelProto, TensorProto, helper

        nodes, tensors, shape, *functions = make(helper, number)
        ends = [helper.make_tensor_value_info(*each) for each in (("x", 1, shape), ("y", TensorProto.FLOAT, None))]
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
        versions = [helper.make_opsetid("", 17), *([helper.make_opsetid("own", 1)] if functions else [])]
        model = ModelProto(ir_version=8, graph=graph, opset_import=versions, functions=functions)
        (folder / "h.onnx").write_bytes(model.SerializeToString())

    return write


def values(name: str, *numbers: int) -> Any:
    """A constant of whole numbers."""
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(numbers, np.int64), name)


def beside(helper: Any, number: int) -> Any:
    from onnx import TensorProto

    weight = TensorProto(name="w", dims=[1, number], data_type=1, data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="h.bin")
    return [helper.make_node("MatMul", ["x", "w"], ["y"])], [weight], (1, 1)


def row(helper: Any, number: int) -> Any:
    """One node behind the other."""
    names = ["x", *(f"a{place}" for place in range(number - 1)), "y"]
    return [helper.make_node("Relu", [names[n]], [names[n + 1]]) for n in range(number)], [], (1, 4)


def calls(helper: Any, number: int) -> Any:
    """A function that calls a function, so many deep."""
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    inner = [helper.make_node("Relu", ["a"], ["b"])]
    functions = []
    for place in range(number):
        functions.append(helper.make_function("own", f"f{place}", ["a"], ["b"], inner, versions))
        inner = [helper.make_node(f"f{place}", ["a"], ["b"], domain="own")]
    return [helper.make_node(f"f{number - 1}", ["x"], ["y"], domain="own")], [], (1, 4), *functions


def computed(helper: Any, number: int) -> Any:
    """A constant of so many bytes that a few of the file ask for."""
    filled = helper.make_node("ConstantOfShape", ["size"], ["large"])
    mean = helper.make_node("ReduceMean", ["large"], ["m"], keepdims=0)
    return [filled, mean, helper.make_node("Add", ["x", "m"], ["y"])], [values("size", number // 8 + 1_000)], (1, 4)


def product(helper: Any, number: int) -> Any:
    """The product of two constants that takes so many multiplications."""
    filled = [helper.make_node("ConstantOfShape", [f"size{n}"], [f"large{n}"]) for n in range(2)]
    made = helper.make_node("MatMul", ["large0", "large1"], ["large"])
    mean = helper.make_node("ReduceMean", ["large"], ["m"], keepdims=0)
    sizes = [values("size0", 1024, 1024), values("size1", 1024, -(-number // 2**20))]
    return [*filled, made, mean, helper.make_node("Add", ["x", "m"], ["y"])], sizes, (1, 4)


def loop(helper: Any, number: int) -> Any:
    """A loop of one node that is written out so many times."""
    from onnx import numpy_helper

    info = helper.make_tensor_value_info
    given = [info("n", 7, []), info("c", 9, []), info("in", 1, [1, 4])]
    body = helper.make_graph(
        [helper.make_node("Relu", ["in"], ["out"])], "body", given, [info("c", 9, []), info("out", 1, [1, 4])]
    )
    trips = numpy_helper.from_array(np.array(number, np.int64), "trips")
    return [helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body)], [trips], (1, 4)


def gather(helper: Any, number: int) -> Any:
    """Places of so many pieces, no two of which have one step: two places are always a piece."""
    places = np.cumsum(np.arange(1, 2 * number + 1))
    return [helper.make_node("Gather", ["x", "at"], ["y"], axis=1)], [values("at", *places)], (1, int(places[-1]) + 1)


def matrices(helper: Any, number: int) -> Any:
    from onnx import numpy_helper

    weight = numpy_helper.from_array(np.ones((number, 2, 2), np.float32), "w")
    return [helper.make_node("MatMul", ["x", "w"], ["y"])], [weight], (number, 1, 2)


def window(helper: Any, number: int) -> Any:
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[number])
    return [node], [], (1, 1, number + 3)


def recurrent(helper: Any, number: int) -> Any:
    from onnx import numpy_helper

    matrix = [numpy_helper.from_array(np.ones((1, 4, 4), np.float32), name) for name in "wr"]
    node = helper.make_node("RNN", ["x", "w", "r"], ["every", "y"], hidden_size=4)
    return [node], matrix, (number, 1, 4)


def tile(helper: Any, number: int) -> Any:
    return [helper.make_node("Tile", ["x", "times"], ["y"])], [values("times", 1, number)], (1, 1)


def operands(helper: Any, number: int) -> Any:
    return [helper.make_node("Concat", ["x"] * number, ["y"], axis=1)], [], (1, 1)


def relu(shape: Callable[[int], tuple[int, ...]]) -> Write:
    """A model of one node, whose input has this shape."""
    return onnx(lambda helper, number: ([helper.make_node("Relu", ["x"], ["y"])], [], shape(number)))


OVER = {
    "a safetensors file, bytes": Over(integers, "simulate h.json --functional --out out.json", "h.safetensors"),
    "a safetensors file, header, bytes": Over(weights(lambda n: b"[" * n), EVALUATE, "header"),
    "a safetensors file, content, tensors": Over(
        weights(lambda n: json.dumps({f"{m}": {"data_offsets": [0, 0]} for m in range(n)}).encode()), EVALUATE, "header"
    ),
    "an .npz file, bytes": Over(sparse("h.npz"), CALIBRATE, "h.npz"),
    "an .npz file, unpacked, bytes": Over(
        npz(lambda n: [npy(np.zeros(n - 128, np.int8))]), CALIBRATE, "unpacked bytes"
    ),
    "an .npz file, content, arrays": Over(npz(lambda n: [b""] * n), CALIBRATE, "arrays", "is not an .npz file"),
    "a model, calibration, steps": Over(npz(lambda n: [npy(np.zeros((n, 1, 4), np.float32))]), CALIBRATE, "steps"),
    "an array of an .npz file, header, bytes": Over(npz(long_header), CALIBRATE, "x", ""),
    "a TensorFlow Lite file, bytes": Over(sparse("h.tflite"), TFLITE, "h.tflite"),
    "a TensorFlow Lite file, content, tensors, operators, buffers or subgraphs": Over(many_parts, TFLITE, "operators"),
    "a TensorFlow Lite file, a tensor, and all constants, elements": Over(tflite(constants), TFLITE, "constants"),
    "a TensorFlow Lite file, a tensor, axes": Over(
        tflite(lambda files, n: shaped(files, (1,) * n)), TFLITE, "tensor 0", ""
    ),
    "a TensorFlow Lite file, constants that are computed with, elements": Over(tflite(folded), TFLITE, "RELU"),
    "an ONNX file, without weights beside it, bytes": Over(sparse("h.onnx"), ONNX, "h.onnx"),
    "an ONNX file, content, fields that may repeat": Over(text(fields, "h.onnx"), ONNX, "h.onnx"),
    "an ONNX file, packed integers, bytes": Over(
        text(lambda n: field(7, field(5, field(7, bytes(n)))), "h.onnx"), ONNX, "h.onnx"
    ),
    "an ONNX file, all weights beside it, elements": Over(onnx(beside), ONNX, "weights beside it", "h.bin"),
    "an ONNX file, nesting, messages": Over(text(nested, "h.onnx"), ONNX, "h.onnx", "is no ONNX model"),
    "a model, nodes, those of functions once for each call": Over(onnx(row), ONNX, "nodes"),
    "a model, nesting of branches and functions, levels": Over(onnx(calls), ONNX, "h.onnx", ""),
    "a model, a node, operands": Over(onnx(operands), ONNX, "Concat"),
    "a model, a value, elements": Over(relu(lambda n: (1, n)), ONNX, "h.onnx"),
    "a model, a value on its way, axes": Over(relu(lambda n: (1,) * n), ONNX, "h.onnx"),
    "a model, constants that it computes, beside its file, bytes": Over(onnx(computed), ONNX, "ConstantOfShape"),
    "a model, work to compute them, elements and products": Over(onnx(product), ONNX, "MatMul"),
    "a model, an input bound to a constant, elements": Over(relu(lambda n: (n,)), f"{ONNX} --bind x=1", "x"),
    "a model, loops that are written out, nodes": Over(onnx(loop), ONNX, "Loop"),
    "a model, one gather, pieces": Over(onnx(gather), ONNX, "Gather"),
    "a model, one product, matrices": Over(onnx(matrices), ONNX, "Product", ""),
    "a model, a pooling window, places": Over(onnx(window), ONNX, "MaxPool", ""),
    "a model, a recurrent layer in one call, frames": Over(onnx(recurrent), f"{ONNX} --keep-state every", "RNN"),
    "a model, a tile, copies": Over(onnx(tile), ONNX, "Tile"),
}
