"""The makers of small ONNX models that are wrong in one way, which helpers of onnx would not write."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name: str, shape: Sequence[int | str | None] | None, kind: int = FLOAT) -> Any:
    """A declared input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def graph(nodes: Sequence[Any], inputs: Sequence[Any] = (), outputs: Sequence[Any] = (), **more: Any) -> Any:
    """A GraphProto; without inputs and outputs, from x (1, 4) to y."""
    return helper.make_graph(
        nodes, "g", list(inputs) or [value("x", [1, 4])], list(outputs) or [value("y", None)], **more
    )


def saved(inner: Any, opsets: Mapping[str, int] | None = None, **more: Any) -> Callable[[Path], Path]:
    """A model of a GraphProto, as it is: nothing checks it."""
    imports = [helper.make_opsetid(domain, version) for domain, version in (opsets or {"": 17}).items()]
    more = {"opset_import": imports, **more}

    def write(folder: Path) -> Path:
        model = onnx.ModelProto(ir_version=8, graph=inner, **more)
        return written(folder, model.SerializeToString())

    return write


def written(folder: Path, data: bytes) -> Path:
    """Bytes as a file."""
    path = folder / "model.onnx"
    path.write_bytes(data)
    return path


def bytes_of(data: bytes) -> Callable[[Path], Path]:
    """A file of these bytes."""
    return lambda folder: written(folder, data)


def relu(**more: Any) -> Any:
    """The least graph."""
    return graph([helper.make_node("Relu", ["x"], ["y"], name="relu")], **more)


def a_model() -> bytes:
    """A sound file with weights."""
    weights = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    inner = graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")], initializer=[weights])
    model: bytes = helper.make_model(inner, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    return model


def declared(dims: Sequence[int], kind: int = FLOAT, **more: Any) -> Any:
    """A tensor that declares ``dims`` and holds eight bytes."""
    return TensorProto(name="w", dims=list(dims), data_type=kind, **{"raw_data": bytes(8), **more})


def with_weights(tensor: Any) -> Callable[[Path], Path]:
    """x plus a tensor."""
    return saved(graph([helper.make_node("Add", ["x", "w"], ["y"], name="add")], initializer=[tensor]))


def external(
    location: str, *, more: Sequence[tuple[str, str]] = (), dims: Sequence[int] = (4,), data_type: int = FLOAT,
    raw_data: bytes | None = None, **entries: str,
) -> Callable[[Path], Path]:  # fmt: skip
    """Weights that stand elsewhere. Beside the folder lies a file that nobody may read."""

    def write(folder: Path) -> Path:
        inside = folder / "model"
        inside.mkdir()
        (folder / "secret.bin").write_bytes(bytes(16))
        (inside / "short.bin").write_bytes(bytes(4))
        (inside / "long.bin").write_bytes(bytes(64))
        (inside / "deep").mkdir()
        for name, target in {"link.bin": folder / "secret.bin", "out": folder, "round.bin": inside / "round.bin",
                             "null.bin": Path("/dev/null")}.items():  # fmt: skip
            (inside / name).symlink_to(target)
        os.mkfifo(inside / "pipe.bin")
        tensor = TensorProto(name="w", dims=dims, data_type=data_type, data_location=TensorProto.EXTERNAL)
        if raw_data is not None:
            tensor.raw_data = raw_data
        for key, text in [*{"location": location, **entries}.items(), *more]:
            tensor.external_data.add(key=key, value=text)
        return with_weights(tensor)(inside)

    return write


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str] = ("y",), **attributes: Any) -> Any:
    """A node called as its operator."""
    domain = attributes.pop("domain", "")
    return helper.make_node(operator, inputs, outputs, name=operator.lower(), domain=domain, **attributes)


def ints(name: str, *numbers: int) -> Any:
    """A constant of one axis."""
    return numpy_helper.from_array(np.array(numbers, np.int64), name)


def reals(name: str, *shape: int) -> Any:
    """A constant of reals."""
    return numpy_helper.from_array(np.full(shape, 0.1, np.float32), name)


def cycle() -> Any:
    """Three nodes in a circle."""
    names = ["a", "b", "c"]
    nodes = [
        helper.make_node("Add", ["x", names[place - 1]], [name], name=f"add{place}") for place, name in enumerate(names)
    ]
    return graph([*nodes, node("Relu", ["c"])])


def branch(condition: str) -> Any:
    """An If on a value."""
    bodies = [helper.make_graph([helper.make_node(word, ["x"], [word], name=word)], word, [], [value(word, None)])
              for word in ("Relu", "Neg")]  # fmt: skip
    return helper.make_node("If", [condition], ["y"], name="if", then_branch=bodies[0], else_branch=bodies[1])


def decided(condition: Any) -> Callable[[Path], Path]:
    """A branch by a constant."""
    condition.name = "c"
    return saved(graph([branch("c")], initializer=[condition]))


def calling(*inputs: str, outputs: Sequence[str] = ("y",), **more: Any) -> Callable[[Path], Path]:
    """A call of a function of one operand, one result and the attribute ``slope``."""
    body = [helper.make_node("Relu", ["a"], ["b"])]
    sets = [helper.make_opsetid("", 17)]
    function = helper.make_function("own", "F", ["a"], ["b"], body, sets, attributes=["slope"])
    call = helper.make_node("F", inputs, outputs, name="call", domain="own", **more)
    return saved(graph([call]), {"": 17, "own": 1}, functions=[function])


def if_over_data() -> Any:
    """A branch that what arrives decides."""
    less = helper.make_node("Less", ["sum", "zero"], ["c"], name="less")
    sums = helper.make_node("ReduceSum", ["x"], ["sum"], name="sum", keepdims=0)
    return graph([sums, less, branch("c")], initializer=[numpy_helper.from_array(np.float32(0), "zero")])


def deep_ifs(depth: int) -> bytes:
    """One branch within the other, written on the wire, since helpers copy each within each."""

    def field_(number: int, payload: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(payload)) + payload

    output = field_(12, value("y", None).SerializeToString())
    inner = node("Relu", ["x"]).SerializeToString()
    for _ in range(depth):
        body = field_(1, inner) + output
        attribute = field_(1, b"then_branch") + field_(6, body) + varint(20 << 3) + varint(5)
        inner = field_(1, b"c") + field_(2, b"y") + field_(4, b"If") + field_(5, attribute)
    whole = field_(1, inner) + output + field_(11, value("x", [1, 4]).SerializeToString())
    return varint(8) + varint(8) + field_(7, whole) + field_(8, helper.make_opsetid("", 17).SerializeToString())


def varint(number: int) -> bytes:
    """A number as protobuf writes it, seven bits a byte."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def loop() -> Any:
    """A body that runs as often as what arrives says."""
    body = helper.make_graph([helper.make_node("Identity", ["keep"], ["kept"]), helper.make_node("Relu", ["v"], ["w"])],
                             "body", [value("i", [], INT64), value("keep", [], BOOL), value("v", None)],
                             [value("kept", [], BOOL), value("w", None)])  # fmt: skip
    return graph([helper.make_node("Loop", ["n", "", "x"], ["y"], name="loop", body=body)],
                 [value("x", [1, 4]), value("n", [], INT64)])  # fmt: skip


def recurrent(operator: str, gates: int, **more: Any) -> Any:
    """A layer of 8 units over frames of 4, starting from states."""
    direction = more.get("direction", "forward")
    ways = 2 if direction == "bidirectional" else 1
    h, frames = more.pop("h", 8), more.pop("frames", 1)
    states = ["h", "c"] if operator == "LSTM" else ["h"]
    constants = [reals("W", ways, gates * 8, 4), reals("R", ways, gates * 8, h), reals("B", ways, 2 * gates * 8)]
    extra = more.pop("extra", [])
    inputs = ["x", "W", "R", "B", more.pop("lengths", ""), *states, *more.pop("inputs", [])]
    outputs = ["y", "h_out", *(["c_out"] if operator == "LSTM" else [])]
    return graph(
        [helper.make_node(operator, inputs, outputs, name=operator.lower(), hidden_size=8, **more)],
        [value("x", [frames, 1, 4]), *(value(name, [ways, 1, h if name == "h" else 8]) for name in states),
         *([value("lengths", [1], TensorProto.INT32)] if "lengths" in inputs else [])],
        [value(name, None) for name in outputs], initializer=[*constants, *extra],
    )  # fmt: skip


def states(first: Sequence[int], last: Sequence[int]) -> Any:
    """Two inputs without a name that says so, and an output of each shape."""
    return graph([helper.make_node("Add", ["x", "s"], ["y"], name="add"), helper.make_node("Concat", ["s", "s"], ["t"],
                  name="cat", axis=0) if first != last else helper.make_node("Neg", ["s"], ["t"], name="neg")],
                 [value("x", [*first]), value("s", [*first])], [value("y", None), value("t", None)])  # fmt: skip


def doubling(times: int) -> Any:
    """A constant that is joined with itself again and again."""
    nodes = [
        helper.make_node("Concat", [f"k{n}", f"k{n}"], [f"k{n + 1}"], name=f"cat{n}", axis=0) for n in range(times)
    ]
    return graph([*nodes, helper.make_node("Add", ["x", f"k{times}"], ["y"], name="add")],
                 initializer=[reals("k0", 1024)])  # fmt: skip


def squaring(times: int) -> Any:
    """A constant matrix that is multiplied by itself again and again."""
    nodes = [helper.make_node("MatMul", [f"k{n}", f"k{n}"], [f"k{n + 1}"], name=f"mul{n}") for n in range(times)]
    return graph([helper.make_node("Expand", ["one", "big"], ["k0"], name="grow"), *nodes,
                  helper.make_node("MatMul", ["x", f"k{times}"], ["y"], name="fc")],
                 [value("x", [1, 1000])], initializer=[reals("one", 1, 1), ints("big", 1000, 1000)])  # fmt: skip


def made_huge(operator: str, *constants: Any, inputs: Sequence[str], **attributes: Any) -> Any:
    """A node whose result has 10^12 elements."""
    return graph([node(operator, inputs, ["big"], **attributes), node("Add", ["x", "big"])], initializer=constants)


def recursive_function() -> Callable[[Path], Path]:
    """A function that calls itself."""
    call = helper.make_node("Again", ["a"], ["b"], name="again", domain="own")
    function = helper.make_function("own", "Again", ["a"], ["b"], [call], [helper.make_opsetid("own", 1)])
    inner = graph([helper.make_node("Again", ["x"], ["y"], name="first", domain="own")])
    return saved(inner, {"": 17, "own": 1}, functions=[function])


def long_chain(count: int) -> Any:
    """More nodes than any model has."""
    nodes = [helper.make_node("Relu", [f"v{n}" if n else "x"], [f"v{n + 1}"]) for n in range(count)]
    return graph([*nodes, node("Neg", [f"v{count}"])])


def one(
    operator: str, *constants: Any, x: Sequence[int] = (1, 4), opset: int = 17, outputs: int = 1, **more: Any
) -> Any:
    """A node of x and constants, each under its own name; "" for an operand that is left out."""
    names = [constant if isinstance(constant, str) else constant.name for constant in constants]
    results = ["y", *(f"y{place}" for place in range(1, outputs))]
    return saved(
        graph([node(operator, ["x", *names], results, **more)], [value("x", [*x])],
              [value(name, None) for name in results], initializer=[c for c in constants if not isinstance(c, str)]),
        {"": opset},
    )  # fmt: skip


def folded(operator: str, *constants: Any, **more: Any) -> Any:
    """x plus what a node makes of constants alone."""
    names = [constant.name for constant in constants]
    return saved(graph([node(operator, names, ["c"], **more), node("Add", ["x", "c"])], initializer=constants))


def array(name: str, numbers: Any, dtype: Any = np.float32) -> Any:
    """A constant of these numbers."""
    return numpy_helper.from_array(np.array(numbers, dtype), name)


def attributes(operator: str, *given: Any) -> Any:
    """A node of x with attributes as they are, which helpers would not write."""
    made = node(operator, ["x"])
    for attribute in given:
        made.attribute.append(attribute)
    return saved(graph([made]))


def attribute(name: str, kind: str, **held: Any) -> Any:
    """An attribute that says one type, and holds what it may."""
    return onnx.AttributeProto(name=name, type=kind, **held)
