"""Small ONNX files that no reader may stumble over: each a way to write it into a folder, and what is said of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.workloads.importers.spoilt_onnx import (
    BOOL,
    FLOAT,
    INT64,
    a_model,
    array,
    attribute,
    attributes,
    bytes_of,
    calling,
    cycle,
    decided,
    declared,
    deep_ifs,
    doubling,
    external,
    folded,
    graph,
    if_over_data,
    ints,
    long_chain,
    loop,
    made_huge,
    node,
    one,
    reals,
    recurrent,
    recursive_function,
    relu,
    saved,
    squaring,
    states,
    value,
    varint,
    with_weights,
)  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """``write`` puts a model into a folder and returns its path; ``says`` stands in the message, each of them.

    ``lowers``: it can be read, and is refused on its way to a chip.
    """

    name: str
    write: Callable[[Path], Path]
    says: tuple[str, ...]
    given: Mapping[str, Any] = field(default_factory=dict)
    lowers: bool = False


TRUNCATED = tuple(
    Hostile(f"truncated at {end}", bytes_of(a_model()[:end]), ("is no ONNX model, or one that is cut off",))
    for end in range(1, len(a_model()) - 9, 7)
)

FILES = (
    Hostile("empty", bytes_of(b""), ("is empty",)),
    Hostile("a picture", bytes_of(b"\x89PNG\r\n\x1a\n" + bytes(100)), ("it seems to be a PNG picture",)),
    Hostile("an archive", bytes_of(b"PK\x03\x04" + bytes(100)), ("it seems to be a ZIP archive",)),
    Hostile("a pickle", bytes_of(b"\x80\x04\x95" + bytes(100)), ("a Python pickle, which is never opened here",)),
    Hostile("text", bytes_of(b"hello, world\n" * 30), ("is no ONNX model, or one that is cut off",)),
    Hostile("zeros", bytes_of(bytes(1_000_000)), ("is no ONNX model, or one that is cut off",)),
    Hostile("JSON", bytes_of(b'{"kind": "nnasim.trace"}'), ("it seems to be a trace",)),
    Hostile("TensorFlow Lite", bytes_of(b"\x1c\0\0\0TFL3" + bytes(60)), ("it seems to be a TensorFlow Lite model",)),
    Hostile("a folder", lambda folder: folder, ("is not a regular file",)),
    Hostile("nothing there", lambda folder: folder / "none.onnx", ("cannot be read",)),
    Hostile("two million empty nodes", bytes_of(b"\x3a" + varint(4_000_000) + b"\x0a\x00" * 2_000_000),
            ("has more than 1,500,000 fields",)),
    Hostile("messages a hundred deep", bytes_of(deep_ifs(120)), ("more than 100 deep",)),
    Hostile("no operator set", saved(relu(), {"other": 1}), ("does not say which version of ONNX's operators",)),
    Hostile("operators of the future", saved(relu(), {"": 9999}), ("opset_import = 9999: must be 7 .. 26",)),
)  # fmt: skip

OUTSIDE = (
    Hostile("weights above the folder", external("../secret.bin"), ("outside of the model's folder",)),
    Hostile("weights at an absolute path", external("/etc/passwd"), ("outside of the model's folder",)),
    Hostile("weights behind a link", external("link.bin"), ("outside of the model's folder",)),
    Hostile(
        "weights nowhere",
        external("none.bin"),
        ("is stored in none.bin, which cannot be read (No such file or directory); keep it beside",),
    ),
    Hostile(
        "weights in a name that no file has",
        external("a" * 5000),
        (
            "...aaa",
            "; keep it beside the model",
        ),
    ),
    Hostile("weights without a place", external(""), ("outside of the model's folder",)),
    Hostile("weights in a pipe", external("pipe.bin"), ("is not a regular file",)),
    Hostile("weights beyond the end", external("short.bin"), ("needs 16 bytes for its shape (4,)",)),
    Hostile("weights before the beginning", external("short.bin", offset="-4"), ("has the offset '-4'",)),
    Hostile("weights at the end of the world", external("short.bin", offset="9" * 18), ("needs 16 bytes",)),
    Hostile("weights past all numbers", external("long.bin", offset="9" * 400), ("has the offset '999",)),
    Hostile("weights at an offset in words", external("long.bin", offset="zero"), ("has the offset 'zero'",)),
    Hostile("weights at an offset in other digits", external("long.bin", offset="\u0664"), ("has the offset",)),
    Hostile("weights of a length below zero", external("long.bin", length="-16"), ("has the length '-16'",)),
    Hostile("weights of too short a length", external("long.bin", length="15"), ("needs 16 bytes for its shape (4,)",)),
    Hostile("weights of too long a length", external("long.bin", length="17"), ("needs 16 bytes for its shape (4,)",)),
    Hostile("weights of no length", external("long.bin", length="0"), ("needs 16 bytes for its shape (4,)",)),
    Hostile("weights that begin within, and end past the end", external("long.bin", offset="49"), ("needs 16 bytes",)),
    Hostile("weights up and down again", external("deep/../../secret.bin"), ("outside of the model's folder",)),
    Hostile("weights up and back", external("../model/long.bin"), ("outside of the model's folder",)),
    Hostile("weights behind a folder that is a link", external("out/secret.bin"), ("outside of the model's folder",)),
    Hostile("weights behind links in a circle", external("round.bin"), ("cannot be read",)),
    Hostile("weights in a device", external("null.bin"), ("outside of the model's folder",)),
    Hostile("weights in the folder itself", external("."), ("outside of the model's folder",)),
    Hostile("weights in a folder", external("deep"), ("is not a regular file",)),
    Hostile("weights below a file", external("long.bin/more"), ("cannot be read",)),
    Hostile("weights with backslashes", external("..\\secret.bin"), ("outside of the model's folder",)),
    Hostile("weights behind a NUL", external("long.bin\0.txt"), ("outside of the model's folder",)),
    Hostile("weights under a name of a megabyte", external("n" * 1_000_000), ("cannot be read",)),
    Hostile(
        "weights at two places",
        external("long.bin", more=[("location", "short.bin")]),
        ("says twice where in its file it is",),
    ),
    Hostile(
        "weights at two offsets",
        external("long.bin", more=[("offset", "0"), ("offset", "16")]),
        ("says twice where in its file it is",),
    ),
    Hostile(
        "weights here and there",
        external("long.bin", raw_data=bytes(16)),
        ("is stored in the model's file, and in another one too",),
    ),
    Hostile(
        "weights of four bits elsewhere", external("long.bin", data_type=TensorProto.INT4), ("holds int4 outside",)
    ),
    Hostile(
        "weights of eight bits' floats elsewhere",
        external("long.bin", data_type=TensorProto.FLOAT8E5M2),
        ("holds float8_e5m2 outside",),
    ),
    Hostile("texts elsewhere", external("long.bin", data_type=TensorProto.STRING), ("holds texts",)),
    Hostile("2^60 weights elsewhere", external("long.bin", dims=[2**30, 2**30]), ("weights beside it = ",)),
    Hostile("fewer weights than none elsewhere", external("long.bin", dims=[-4]), ("declares the shape (-4,)",)),
)

SIZES = (
    Hostile("10^12 weights", with_weights(declared([10**6, 10**6])), ("does not hold the elements of the shape",)),
    Hostile("2^62 times 4 weights", with_weights(declared([2**62, 4])), ("does not hold the elements of the shape",)),
    Hostile("fewer weights than none", with_weights(declared([-1])), ("declares the shape (-1,)",)),
    Hostile("weights of no type", with_weights(declared([2], 0)), ("holds elements of no type",)),
    Hostile("texts", with_weights(declared([2], TensorProto.STRING, raw_data=b"")), ("holds texts",)),
    Hostile("10^12 inputs", saved(graph([node("Relu", ["x"])], [value("x", [10**6, 10**6])])),
            ("has 1,000,000,000,000 elements",)),
    Hostile("an open size", saved(graph([node("Relu", ["x"])], [value("x", [1, "time"])])),
            ("x (input): is (1, time), with sizes that are not given",)),
    Hostile("no shape at all", saved(graph([node("Relu", ["x"])], [value("x", None)])),
            ("with sizes that are not given",)),
    Hostile("10^12 copies", saved(made_huge("Expand", reals("one", 1), ints("to", 10**6, 10**6), inputs=["one", "to"])),
            ("expand (Expand)", "1,000,000,000,000 elements")),
    Hostile("10^12 of one constant", saved(made_huge("ConstantOfShape", ints("to", 10**6, 10**6), inputs=["to"])),
            ("constantofshape (ConstantOfShape)", "1,000,000,000,000 elements")),
    Hostile("a range of 10^12", saved(made_huge("Range", numpy_helper.from_array(np.int64(0), "a"),
            numpy_helper.from_array(np.int64(10**12), "b"), numpy_helper.from_array(np.int64(1), "c"),
            inputs=["a", "b", "c"])), ("range (Range)", "more memory or time than a model's may")),
    Hostile("10^12 tiles", saved(made_huge("Tile", reals("one", 1, 1), ints("to", 10**6, 10**6), inputs=["one", "to"])),
            ("tile (Tile)",)),
    Hostile("2^62 tiles of nothing", saved(made_huge("Tile", reals("one", 1, 1), ints("to", 0, 2**62),
            inputs=["one", "to"])), ("tile (Tile)", "at most 16,384 copies")),
    Hostile("10^12 zeros around", saved(made_huge("Pad", reals("one", 1), ints("by", 0, 10**12), inputs=["one", "by"])),
            ("pad (Pad)",)),
    Hostile("a constant joined with itself 40 times", saved(doubling(40)), ("(Concat)",)),
    Hostile("a matrix multiplied by itself 200 times", saved(squaring(200)), ("(MatMul)",)),
    Hostile("more nodes than any model", saved(long_chain(40_000)), ("at most 30,000 are walked",)),
)  # fmt: skip

GRAPHS = (
    Hostile("a circle", saved(cycle()),
            ("add0, add1, add2 (Add): waits for its own result, in a circle of 3 nodes",)),
    Hostile("a node that reads itself", saved(graph([node("Add", ["x", "y"])])), ("waits for its own result",)),
    Hostile("a value made twice", saved(graph([node("Relu", ["x"]), node("Neg", ["x"])])), ("is made elsewhere too",)),
    Hostile("a value from nowhere", saved(graph([node("Add", ["x", "ghost"])])), ("ghost, which nothing makes",)),
    Hostile("an output from nowhere", saved(graph([node("Relu", ["x"], ["z"])])), ("y (output)", "makes it")),
    Hostile("an unknown operator", saved(graph([node("Teleport", ["x"])])),
            ("teleport (Teleport): is not in the vocabulary",)),
    Hostile("an unknown domain", saved(graph([node("FusedGemm", ["x"], domain="com.microsoft")]),
            {"": 17, "com.microsoft": 1}), ("is of the domain com.microsoft", "optimised")),
    Hostile("two at once", saved(graph([node("Teleport", ["x"], ["t"]), node("FusedGemm", ["t"], domain="evil")]),
            {"": 17, "evil": 1}), ("teleport (Teleport)", "(evil:FusedGemm)")),
    Hostile("a branch over data", saved(if_over_data()), ("if (If): decides by x, which arrives", "bind x to")),
    *(Hostile(f"a branch by {name}", decided(condition), ("if (If): its condition must be one truth, not",))
      for name, condition in (("NaN", numpy_helper.from_array(np.float32(np.nan))),
                              ("a number", numpy_helper.from_array(np.int64(1))),
                              ("two truths", numpy_helper.from_array(np.array([True, False]))))),
    Hostile("a function of too many operands", calling("x", "x"), ("has 2 and 1 of its function's 1 operands and 1",)),
    Hostile("a function of too many results", calling("x", outputs=["y", "z"]), ("has 1 and 2 of its function's 1",)),
    Hostile("an attribute that a function has not", calling("x", slop=1.0),
            ("call (own:F): says slop, which its function does not know",)),
    Hostile("branches 45 deep", bytes_of(deep_ifs(45)), ("",)),
    Hostile("a loop", saved(loop()), ("loop (Loop): what arrives decides its trip count",)),
    Hostile("a function that calls itself", recursive_function(), ("",)),
    Hostile("a name of a megabyte", saved(graph([helper.make_node("Teleport", ["x"], ["y"], name="n" * 1_000_000)])),
            ("(Teleport)",)),
    Hostile("a name that hides", saved(graph([helper.make_node("Teleport", ["x"], ["y"], name="\x1b[2J\u202e")])),
            ("\\x1b[2J", "(Teleport)")),
    Hostile("sparse weights", saved(graph([node("Add", ["x", "w"])], sparse_initializer=[onnx.SparseTensorProto(
            values=TensorProto(name="w", dims=[1], data_type=FLOAT, raw_data=bytes(4)), dims=[4])])),
            ("w (constant): is sparse",)),
    Hostile("integers of its own", saved(graph([node("QuantizeLinear", ["x", "s", "z"])], initializer=[
            numpy_helper.from_array(np.float32(0.1), "s"), numpy_helper.from_array(np.int8(0), "z")])),
            ("computes with integers of a quantisation of its own",)),
    Hostile("a list of tensors", saved(graph([node("SequenceConstruct", ["x", "x"])])), ("works with lists",)),
)  # fmt: skip

ATTRIBUTES = (
    Hostile("an axis that is not there", saved(graph([node("Softmax", ["x"], axis=9)])), ("softmax (Softmax)",)),
    Hostile("an axis that is a word", saved(graph([node("Concat", ["x", "x"], axis="one")])), ("concat (Concat)",)),
    Hostile("no axis", saved(graph([node("Concat", ["x", "x"])])), ("concat (Concat)",)),
    Hostile("a perm of other axes", saved(graph([node("Transpose", ["x"], perm=[0, 0])])), ("transpose (Transpose)",)),
    Hostile("no group", saved(graph([node("Conv", ["x", "w"], group=0)], [value("x", [1, 4, 9])],
            initializer=[reals("w", 4, 4, 3)])), ("conv (Conv)",)),
    Hostile("no stride", saved(graph([node("Conv", ["x", "w"], strides=[0])], [value("x", [1, 4, 9])],
            initializer=[reals("w", 4, 4, 3)])), ("conv (Conv)",)),
    Hostile("pads below zero", saved(graph([node("Conv", ["x", "w"], pads=[-9, -9])], [value("x", [1, 4, 9])],
            initializer=[reals("w", 4, 4, 3)])), ("conv (Conv)",)),
    Hostile("a kernel beyond its data", saved(graph([node("Conv", ["x", "w"])], [value("x", [1, 4, 2])],
            initializer=[reals("w", 4, 4, 3)])), ("conv (Conv)",)),
    Hostile("shapes that do not fit", saved(graph([node("MatMul", ["x", "w"])], initializer=[reals("w", 5, 3)])),
            ("matmul (MatMul)",)),
    Hostile("a place beyond a table", saved(graph([node("Gather", ["w", "i"], ["g"]), node("Add", ["x", "g"])],
            initializer=[reals("w", 5, 4), ints("i", 7)])), ("gather (Gather)",)),
    Hostile("a shape of other size", saved(graph([node("Reshape", ["x", "s"])], initializer=[ints("s", 5, 5)])),
            ("reshape (Reshape)",)),
    Hostile("a shape of data", saved(graph([node("Reshape", ["x", "s"])],
            [value("x", [1, 4]), value("s", [2], INT64)])), ("reshape (Reshape)",)),
    Hostile("a slice without steps forward", saved(graph([node("Slice", ["x", "a", "b", "a", "a"])],
            initializer=[ints("a", 0), ints("b", 3)])), ("slice (Slice)",)),
    Hostile("parts that are too many", saved(graph([node("Split", ["x", "s"], ["y", "z"], axis=1)],
            initializer=[ints("s", 3, 3)])), ("split (Split)",)),
    Hostile("an operand that is missing", saved(graph([node("Add", ["x"])])), ("add (Add)",)),
    Hostile("an operand too many", saved(graph([node("Relu", ["x", "x"])])), ("relu (Relu)",)),
)  # fmt: skip

_NAN, _INF = float("nan"), float("inf")
_WEIGHT, _LINE = reals("w", 4, 4, 3), (1, 4, 9)
_BYTES = array("i", [[1, 2, 3, 4]], np.int8)

NUMBERS = (
    *(Hostile(f"resized by {scale}", one("Resize", "", array("s", [1, scale])), ("resize (Resize): resizes (1, 4) by",))
      for scale in (_NAN, _INF, 0, -1)),
    Hostile("resized by 10^30", one("Resize", "", array("s", [1, 1e30])), ("more memory or time than a model's may",)),
    *(Hostile(f"resized to {size}", one("Resize", "", "", ints("s", 1, size)), ("resize (Resize)",))
      for size in (0, -1, 2**62)),
    *(Hostile(f"enlarged by {scale}", one("Upsample", array("s", [1, scale]), opset=9), ("upsample (Upsample)",))
      for scale in (_NAN, _INF)),
    Hostile("resized along one axis twice", one("Resize", "", array("s", [2, 2]), opset=18, axes=[0, 0]),
            ("(Resize)",)),
    *(Hostile(f"place {place} of 4", one("Gather", array("i", place, np.int64), axis=1),
              (f"gather (Gather): takes place {place} of an axis of 4",)) for place in (4, -5, 2**62, -(2**63))),
    Hostile("an element at place 4 of 4", one("GatherElements", array("i", [[4]], np.int64), axis=1), ("place 4 of",)),
    Hostile("an element put at place 9 of 4", one("ScatterElements", array("i", [[9]], np.int64), array("u", [[1]]),
            axis=1), ("place 9 of an axis of 4",)),
    Hostile("a shape of floats", one("Reshape", array("s", [2, 2])), ("its shape must be whole numbers, not float32",)),
    Hostile("a shape of NaN", one("Expand", array("s", [_NAN])), ("its shape must be whole numbers",)),
    *(Hostile(f"an axis of {axis}", one("CumSum", array("a", axis)), ("its axis must be whole numbers, not float32",))
      for axis in (_NAN, _INF, 0.5)),
    Hostile("a depth without end", saved(graph([node("OneHot", ["i", "d", "v"], ["c"]), node("Mul", ["x", "c"])],
            initializer=[ints("i", 1), array("d", _INF), array("v", [0, 1])])), ("its depth must be whole numbers",)),
    Hostile("a window of NaN samples", folded("HannWindow", array("n", _NAN)), ("its size must be whole numbers",)),
    Hostile("frames of NaN samples", one("STFT", array("s", _NAN), x=(1, 64, 1)), ("its frame step must be whole",)),
    Hostile("a transform of NaN places", one("DFT", array("n", _NAN), x=(1, 4, 1)), ("its length must be whole",)),
    Hostile("a window that is a number", one("STFT", ints("s"), array("w", 1.0), x=(1, 64, 1)), ("stft (STFT)",)),
    *(Hostile(f"a slope of {number}", one("LeakyRelu", alpha=number), ("its attribute alpha is", "no finite number"))
      for number in (_NAN, _INF)),
    *(Hostile(f"an epsilon of {number}", one("LayerNormalization", reals("g", 4), epsilon=number),
              ("its attribute epsilon is",)) for number in (_NAN, _INF, -1.0)),
    Hostile("a variance below zero", one("BatchNormalization", *(reals(name, 4) for name in "abm"),
            array("v", [-1, 1, 1, 1]), x=_LINE), ("has a variance that is no finite number above 0",)),
    Hostile("a variance of NaN", one("BatchNormalization", *(reals(name, 4) for name in "abm"),
            array("v", [_NAN, 1, 1, 1]), x=_LINE), ("has a variance that is no finite number above 0",)),
    *(Hostile(f"a scale of {scale}", folded("DequantizeLinear", _BYTES, array("s", scale)),
              ("dequantizelinear (DequantizeLinear): has a scale of", said))
      for scale, said in ((_NAN, "finite"), (_INF, "finite"), (-1, "at least 0"), (0, "its numbers are lost"))),
    Hostile("scales that are too many", folded("DequantizeLinear", _BYTES, reals("s", 3), array("z", [0] * 3, np.int8)),
            ("has (3,) scales along axis 1 of (1, 4)",)),
    Hostile("scales without zero points of their own", folded("DequantizeLinear", _BYTES, reals("s", 4),
            array("z", [0] * 2, np.int8)), ("has scales (4,) and zero points (2,)",)),
    Hostile("a stride of 2^40", one("Conv", _WEIGHT, x=_LINE, strides=[2**40]),
            ("conv (Conv): cannot be an operation of a trace: attributes.stride.0: must be",), lowers=True),
    Hostile("a step of -2^63", one("Slice", ints("a", 3), ints("b", -(2**63)), ints("c", 1), ints("d", -(2**63))),
            ("slice (Slice): cannot be an operation of a trace: attributes.step: must be",), lowers=True),
    Hostile("pads beside auto_pad", one("Conv", _WEIGHT, x=_LINE, auto_pad="SAME_UPPER", pads=[3, 3]),
            ("conv (Conv): says auto_pad SAME_UPPER, and pads (3, 3) too",)),
    Hostile("a kernel of other axes", one("ConvTranspose", _WEIGHT, x=_LINE, kernel_shape=[3, 3]),
            ("a kernel of (3, 3) does not fit a weight (4, 4, 3)",)),
    Hostile("a bound of NaN", one("Clip", opset=10, min=_NAN), ("its attribute min is nan",)),
    Hostile("an index clipped at one half", saved(graph([node("Clip", ["i"], ["c"], min=0.5),
            node("Gather", ["x", "c"])], initializer=[ints("i", 1)]), {"": 10}),
            ("clip (Clip): puts 0.5, its min, among int64",)),
    Hostile("keepdims of 2", one("ReduceMax", keepdims=2), ("its attribute keepdims is 2, neither 0 nor 1",)),
    Hostile("a transposition of 7", one("Gemm", reals("w", 4, 4), transB=7), ("its attribute transB is 7",)),
    Hostile("whole numbers in a softmax", saved(graph([node("Softmax", ["x"])], [value("x", [1, 4], INT64)])),
            ("softmax (Softmax): takes no int64",)),
    Hostile("truths below zero", saved(graph([node("Neg", ["x"])], [value("x", [1, 4], BOOL)])), ("takes no bool",)),
    Hostile("a softmax over nothing", one("Softmax", x=(3, 0)), ("works along an axis without elements",)),
    Hostile("a sum of nothing", one("ReduceSumSquare", x=(2, 0)), ("has no elements",), lowers=True),
)  # fmt: skip

TWICE = (
    Hostile("weights twice", saved(graph([node("Add", ["x", "w"])], initializer=[reals("w", 4), array("w", [0] * 4)])),
            ("w (constant): is stored twice",)),
    Hostile("an input twice", saved(graph([node("Add", ["x", "x"])], [value("x", [1, 4]), value("x", [2, 4])])),
            ("graph.input = 'x': is declared more than once",)),
    Hostile("an output twice", saved(graph([node("Relu", ["x"])], (), [value("y", None), value("y", None)])),
            ("graph.output = 'y': is declared more than once",)),
    Hostile("an input whose stored value has another shape", saved(graph([node("Add", ["x", "w"])],
            [value("x", [1, 4]), value("w", [3, 3])], initializer=[reals("w", 1, 4)])),
            ("graph.initializer.w = (1, 4): must have the shape (3, 3) that graph.input declares",)),
    Hostile("an attribute twice", attributes("Softmax", attribute("axis", "INT", i=0), attribute("axis", "INT", i=1)),
            ("softmax (Softmax): says its attribute axis twice",)),
    Hostile("an attribute of two types", attributes("Softmax", attribute("axis", "INT", f=1.0)),
            ("its attribute axis is of the type INT, and holds f",)),
    Hostile("an attribute of two values", attributes("Softmax", attribute("axis", "INT", i=1, ints=[0])),
            ("its attribute axis is of the type INT, and holds ints",)),
    Hostile("a type that is a word", attributes("Cast", attribute("to", "STRING", s=b"nearest")),
            ("its attribute to names no element type by its number",)),
    Hostile("two versions of the operators", saved(relu(), functions=(), opset_import=[
            helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx", 17)]),
            ("opset_import = 'ai.onnx': is declared more than once",)),
    Hostile("a function twice", saved(relu(), {"": 17, "own": 1}, functions=[helper.make_function(
            "own", "F", ["a"], ["b"], [helper.make_node(word, ["a"], ["b"])], [helper.make_opsetid("", 17)])
            for word in ("Relu", "Neg")]), ("functions = 'own:F': is declared more than once",)),
    Hostile("a constant of two values", saved(graph([node("Constant", [], ["c"], value_int=1, value_float=2.0),
            node("Add", ["x", "c"])])), ("constant (Constant): holds value_int and value_float, of which",)),
    Hostile("a constant of words", saved(graph([node("Constant", [], ["c"], value_ints="three"),
            node("Add", ["x", "c"])])), ("its attribute value_ints has another type",)),
)  # fmt: skip

_OF_ONE_LENGTH = saved(graph([node("Concat", ["x", "z"], axis=1)], [value("x", [1, "t"]), value("z", [1, "t"])]))

LAYERS = (
    Hostile("a bidirectional GRU", saved(recurrent("GRU", 3, direction="bidirectional")), ("is bidirectional",)),
    Hostile("a GRU against time", saved(recurrent("GRU", 3, frames=5, direction="reverse")), ("gru (GRU)",)),
    Hostile("an LSTM with a projection, as torch exports it", saved(recurrent("LSTM", 4, h=3)), ("lstm (LSTM)",)),
    Hostile("an LSTM with peepholes", saved(recurrent("LSTM", 4, inputs=["P"], extra=[reals("P", 1, 24)])),
            ("lstm (LSTM)", "peephole")),
    Hostile("an LSTM with lengths", saved(recurrent("LSTM", 4, lengths="lengths")), ("lstm (LSTM)",)),
    Hostile("an LSTM with other functions", saved(recurrent("LSTM", 4, activations=["Relu", "Tanh", "Tanh"])),
            ("lstm (LSTM)",)),
)  # fmt: skip

STATES = (
    Hostile("a state without a name", saved(states([2, 4], [2, 4])), ("may be a state, which no name says", "s:t")),
    Hostile("a state of another shape", saved(states([2, 4], [4, 4])), ("s (state)",), {"states": ["s:t"]}),
    Hostile("a state that is not there", saved(states([2, 4], [2, 4])), ("ghost",), {"states": ["ghost:t"]}),
    Hostile("a state from two outputs", saved(states([2, 4], [2, 4])), ("s",), {"states": ["s:t", "s:y"]}),
    Hostile("a state that is no pair", saved(states([2, 4], [2, 4])), ("s",), {"states": ["s"]}),
    Hostile("a star that meets nothing", saved(states([2, 4], [2, 4])), ("q*",), {"states": ["q*:t*"]}),
    Hostile("a shape of no input", saved(relu()), ("z (shape): is no input",), {"shapes": {"z": (1, 4)}}),
    Hostile("a shape that does not fit", saved(relu()), ("x (input)",), {"shapes": {"x": (2, 4)}}),
    Hostile("a shape below zero", saved(relu()), ("x (input)",), {"shapes": {"x": (1, -4)}}),
    Hostile("a constant of no input", saved(relu()), ("sr (bind): is no input",), {"bind": {"sr": 16000}}),
    Hostile("a constant of another shape", saved(relu()), ("x (input)",), {"bind": {"x": [1.0, 2.0]}}),
    Hostile("a constant that is a word", saved(relu()), ("x (input)",), {"bind": {"x": "loud"}}),
    Hostile("one length that is two", _OF_ONE_LENGTH, ("t (size): is 4 by the shape of x, and 5 by the shape of z",),
            {"shapes": {"x": (1, 4), "z": (1, 5)}, "states": []}),
    Hostile("one length, and another that is bound", _OF_ONE_LENGTH,
            ("t (size): is 5 by bind, and 4 by the shape of x",),
            {"shapes": {"x": (1, 4)}, "bind": {"t": 5}, "states": []}),
    Hostile("a layer to keep that is none", saved(relu()), ("gru (keep_state)",), {"keep_state": ["gru"]}),
)  # fmt: skip

ALL = (*TRUNCATED, *FILES, *OUTSIDE, *SIZES, *GRAPHS, *ATTRIBUTES, *NUMBERS, *TWICE, *LAYERS, *STATES)
